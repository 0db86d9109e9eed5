"""Silver → a summary: the groups that new payments and labels affect are recomputed from all their payments."""

from collections import Counter

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import cursor, reading, reads, writing
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult
from fraud_assets.summaries.summaries import Summary


def summarise(spark: SparkSession, source: str, summary: Summary, lake: Lake) -> StepResult:
    """Bring a summary of one source up to date.

    The rows depend on silver's present rows only, so a run that died between the commit of the rows, which moves the
    cursor of the payments, and that of the labels' cursor is completed by the next.
    """
    if any(lake.opened(table) is None for table in (silver.TRANSACTIONS, silver.LABELS)):
        return StepResult("no silver yet")
    new_payments = cursor.pending(silver.TRANSACTIONS, summary.table, source, lake)
    new_labels = cursor.pending(silver.LABELS, summary.table, source, lake)
    todo = [increment for increment in (new_payments, new_labels) if increment]
    if not todo:
        return StepResult()
    payments = _at(spark, silver.TRANSACTIONS, new_payments, summary, source, lake).where("deleted_at IS NULL")
    labels = newest(_at(spark, silver.LABELS, new_labels, summary, source, lake))
    affected = None
    if not (new_payments and new_payments.is_first):
        affected = _affected(spark, summary, payments, new_payments, new_labels, lake)
    labelled = _of(payments, summary, affected).join(labels, "transaction_id", "left")
    rows = summary.of(labelled).withColumn("summarised_at", F.current_timestamp())
    if affected is not None and cursor.changed_in_place(new_payments, lake):
        _remove_emptied(spark, summary, rows, affected, source, lake)
    first = affected is None and not reads.count(summary.table, lake, source)
    write = writing.append_spark if first else writing.merge_spark
    written = write(spark, rows, todo[0], lake)
    for increment in todo[1:]:
        writing.skip(increment, lake)
    return StepResult(", ".join(increment.range for increment in todo), written=Counter({summary.table: written}))


def newest(labels: DataFrame) -> DataFrame:
    """The newest label of each payment, by when it became known: columns transaction_id and is_fraud."""
    order = F.struct("known_at", "kafka_time", "offset")
    return labels.groupBy("transaction_id").agg(F.max_by("is_fraud", order).alias("is_fraud"))


def _at(
    spark: SparkSession, table: Table, increment: Increment | None, summary: Summary, source: str, lake: Lake
) -> DataFrame:
    """The source's rows of the table at the version that the summary will have read."""
    version = increment.last if increment else cursor.last_read_version(table, summary.table, source, lake)
    rows = spark.read.format("delta").option("versionAsOf", version or 0).load(lake.path(table))
    return rows.where(F.col("source") == source)


def _affected(
    spark: SparkSession,
    summary: Summary,
    payments: DataFrame,
    new_payments: Increment | None,
    new_labels: Increment | None,
    lake: Lake,
) -> DataFrame:
    """The values of `Summary.affected_by` that new payments, and payments with new labels, have: column affected.

    Payments that were corrected or deleted affect the groups of their old and of their new content.
    """
    new = [reading.read_spark(spark, new_payments, lake, change_images=True)] if new_payments else []
    if new_labels:
        labelled = reading.read_spark(spark, new_labels, lake).select("transaction_id").distinct()
        new.append(payments.join(F.broadcast(labelled), "transaction_id", "left_semi"))
    values = [rows.select(F.expr(summary.affected_by).alias("affected")) for rows in new]
    both = values[0] if len(values) == 1 else values[0].unionByName(values[1])
    return both.where(F.col("affected").isNotNull()).distinct()


def _of(payments: DataFrame, summary: Summary, affected: DataFrame | None) -> DataFrame:
    if affected is None:
        return payments
    marked = payments.withColumn("affected", F.expr(summary.affected_by))
    return marked.join(F.broadcast(affected), "affected", "left_semi").drop("affected")


def _remove_emptied(
    spark: SparkSession, summary: Summary, rows: DataFrame, affected: DataFrame, source: str, lake: Lake
) -> None:
    """Remove the affected rows that have no payment left, as the last one was corrected or deleted."""
    key, view = list(summary.table.key), f"emptied_{summary.table.name}"
    existing = spark.read.format("delta").load(lake.path(summary.table)).where(F.col("source") == source)
    same_group = F.col(summary.table.key[1]) == F.col("affected")
    theirs = existing.join(F.broadcast(affected), same_group, "left_semi").select(key)
    now = rows.select(*(F.col(name).alias(f"_{name}") for name in key))
    same = [F.col(name).eqNullSafe(F.col(f"_{name}")) for name in key]
    theirs.join(now, same, "left_anti").createOrReplaceTempView(view)
    matches = " AND ".join(f"t.`{name}` <=> s.`{name}`" for name in key)
    merge = f"MERGE INTO delta.`{lake.path(summary.table)}` t USING {view} s ON {matches} WHEN MATCHED THEN DELETE"
    spark.sql(merge).collect()
