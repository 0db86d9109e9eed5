"""Silver → a summary: what new payments and verdicts touch is computed again from all its payments."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import cursor, reading, writing
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.summaries.summaries import Summary


@dataclass(frozen=True)
class Summarised:
    """What a step read, and how many rows of the summary it wrote."""

    versions: str
    written: int


def summarise(spark: SparkSession, source: str, summary: Summary, lake: Lake) -> Summarised:
    """Bring a summary of one source up to date.

    The rows depend on silver as it stands only, so a run that died between the commit of the rows, which takes the
    payments, and that of the verdicts' position is completed by the next.
    """
    if any(lake.opened(table) is None for table in (silver.TRANSACTIONS, silver.LABELS)):
        return Summarised("no silver yet", 0)
    paid = cursor.pending(silver.TRANSACTIONS, summary.table, source, lake)
    told = cursor.pending(silver.LABELS, summary.table, source, lake)
    todo = [increment for increment in (paid, told) if increment]
    if not todo:
        return Summarised("nothing new", 0)
    payments = _at(spark, silver.TRANSACTIONS, paid, summary, source, lake).where("deleted_at IS NULL")
    verdicts = newest(_at(spark, silver.LABELS, told, summary, source, lake))
    touched = None if paid and paid.is_first else _touched(spark, summary, payments, paid, told, lake)
    judged = _of(payments, summary, touched).join(verdicts, "transaction_id", "left")
    rows = summary.of(judged).withColumn("summarised_at", F.current_timestamp())
    if touched is not None and cursor.changed_in_place(paid, lake):
        _remove_emptied(spark, summary, rows, touched, source, lake)
    written = writing.merge_spark(spark, rows, todo[0], lake)
    for increment in todo[1:]:
        writing.skip(increment, lake)
    return Summarised(", ".join(increment.range for increment in todo), written)


def newest(labels: DataFrame) -> DataFrame:
    """The verdict on each payment that is newest by when it became known: columns transaction_id and is_fraud."""
    order = F.struct("known_at", "kafka_time", "offset")
    return labels.groupBy("transaction_id").agg(F.max_by("is_fraud", order).alias("is_fraud"))


def _at(
    spark: SparkSession, table: Table, increment: Increment | None, summary: Summary, source: str, lake: Lake
) -> DataFrame:
    """The source's rows of the table as it stood at the version that the summary will have taken."""
    version = increment.last if increment else cursor.last_read_version(table, summary.table, source, lake)
    rows = spark.read.format("delta").option("versionAsOf", version or 0).load(lake.path(table))
    return rows.where(F.col("source") == source)


def _touched(
    spark: SparkSession,
    summary: Summary,
    payments: DataFrame,
    paid: Increment | None,
    told: Increment | None,
    lake: Lake,
) -> DataFrame:
    """The values of `Summary.touched_by` that new payments, and payments with new verdicts, have: column touched.

    Payments that were corrected or deleted touch the values they had and those they have.
    """
    new = [reading.read_spark(spark, paid, lake, change_images=True)] if paid else []
    if told:
        judged = reading.read_spark(spark, told, lake).select("transaction_id").distinct()
        new.append(payments.join(F.broadcast(judged), "transaction_id", "left_semi"))
    values = [rows.select(F.expr(summary.touched_by).alias("touched")) for rows in new]
    both = values[0] if len(values) == 1 else values[0].unionByName(values[1])
    return both.where(F.col("touched").isNotNull()).distinct()


def _of(payments: DataFrame, summary: Summary, touched: DataFrame | None) -> DataFrame:
    if touched is None:
        return payments
    marked = payments.withColumn("touched", F.expr(summary.touched_by))
    return marked.join(F.broadcast(touched), "touched", "left_semi").drop("touched")


def _remove_emptied(
    spark: SparkSession, summary: Summary, rows: DataFrame, touched: DataFrame, source: str, lake: Lake
) -> None:
    """Remove the summary's touched rows whose last payment was corrected to stand elsewhere, or deleted."""
    key, view = list(summary.table.key), f"emptied_{summary.table.name}"
    held = spark.read.format("delta").load(lake.path(summary.table)).where(F.col("source") == source)
    theirs = held.join(F.broadcast(touched), F.col(summary.table.key[1]) == F.col("touched"), "left_semi").select(key)
    now = rows.select(*(F.col(name).alias(f"_{name}") for name in key))
    same = [F.col(name).eqNullSafe(F.col(f"_{name}")) for name in key]
    theirs.join(now, same, "left_anti").createOrReplaceTempView(view)
    matches = " AND ".join(f"t.`{name}` <=> s.`{name}`" for name in key)
    merge = f"MERGE INTO delta.`{lake.path(summary.table)}` t USING {view} s ON {matches} WHEN MATCHED THEN DELETE"
    spark.sql(merge).collect()
