"""Silver → gold.features: what new payments and labels touch is computed, each as it was known at its time.

A payment that its source corrects touches what it did as it was and as it is; one that it deletes keeps its row, which
says so, and counts in no other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.features.catalogue import ENTITIES, NAMES
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import Table, gold, silver
from fraud_assets.features.batch.affected import touched
from fraud_assets.features.batch.chunks import in_shares
from fraud_assets.features.batch.plan import COMPUTED, STORED, Plan
from fraud_assets.features.batch.spark import spread
from fraud_assets.features.fingerprint import FINGERPRINT
from fraud_assets.lake import cursor, reading, reads, writing
from fraud_assets.lake.cursor import IN_PROCESS_ROWS, Increment
from fraud_assets.lake.location import Lake

KEY = ["source", "transaction_id"]
PLACE = ["event_time", "customer_id", "merchant_id"]
HELD = [*PLACE, *NAMES]
"""What a repair may change."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Computed:
    """What a step did: the versions read, rows added, and rows repaired because late data touched them."""

    versions: str
    written: int = 0
    repaired: int = 0


def compute(spark: SparkSession, source: Source, lake: Lake, held_rows: int) -> Computed:
    """Bring gold.features up to date with silver.transactions, silver.labels and silver.watchlists of one source.

    Repairs come first and can be repeated; new rows and the position in silver.transactions are one commit; the
    positions in silver.labels and silver.watchlists follow. A first history of more than ``held_rows`` payments, and
    any large increment, is computed by Spark's workers.
    """
    plan = Plan.of(source)
    listed = _listed(source, plan, lake)
    paid = cursor.pending(silver.TRANSACTIONS, gold.FEATURES, source.name, lake)
    told = cursor.pending(silver.LABELS, gold.FEATURES, source.name, lake)
    if paid is None and told is None and listed is None:
        return Computed("nothing new")
    plan = plan.with_watchlists(_references(source, lake))
    if paid is not None and paid.is_first:
        written, repaired = _first(spark, source, plan, paid, lake, held_rows), 0
    else:
        written, repaired = _later(spark, source, plan, paid, told, listed, lake)
    for increment in (told, listed):
        if increment is not None:
            writing.skip(increment, lake)
    return Computed(", ".join(i.range for i in (paid, told, listed) if i), written, repaired)


def _listed(source: Source, plan: Plan, lake: Lake) -> Increment | None:
    """What references gained, where the source's features read any."""
    if not plan.watchlists or lake.opened(silver.WATCHLISTS) is None:
        return None
    return cursor.pending(silver.WATCHLISTS, gold.FEATURES, source.name, lake)


def _references(source: Source, lake: Lake) -> pl.LazyFrame | None:
    return None if lake.opened(silver.WATCHLISTS) is None else _of(silver.WATCHLISTS, source, lake)


def _relisted(listed: Increment | None, source: Source, lake: Lake) -> tuple[datetime | None, int]:
    """Since when new revisions of references can tell of payments, and how many payments there are from then on."""
    if listed is None:
        return None, 0
    since = reading.read_in_process(listed, lake, ["known_at"])["known_at"].min()
    if not isinstance(since, datetime):
        return None, 0
    later = _of(silver.TRANSACTIONS, source, lake).filter(pl.col("event_time") >= since)
    return since, int(later.select(pl.len()).collect().item())


def _here(
    spark: SparkSession,
    source: Source,
    plan: Plan,
    paid: Increment | None,
    told: Increment | None,
    since: datetime | None,
    lake: Lake,
) -> tuple[pl.DataFrame | None, DataFrame | None]:
    """The new and the changed rows of a small increment."""
    payments, labels = _of(silver.TRANSACTIONS, source, lake), _of(silver.LABELS, source, lake)
    images = _images(paid, payments, lake)
    places = images.filter(pl.col("deleted_at").is_null())
    new_labels = _gained(told, ["transaction_id", "known_at"], labels, lake)
    alive = reads.not_deleted(payments)
    computed = touched(alive, labels, places, new_labels, plan, _before(places), since)
    if computed.is_empty():
        return None, None
    earliest = pl.concat([computed["event_time"], images["event_time"]]).min()
    stored = (
        _of(gold.FEATURES, source, lake)
        .filter(pl.col("event_time") >= earliest, pl.col("transaction_id").is_in(computed["transaction_id"].implode()))
        .select(*KEY, *HELD, "deleted_at")
        .with_columns(pl.col(COMPUTED).cast(STORED))  # a table of an earlier version has doubles
        .collect()
    )
    new = computed.join(stored, on=KEY, how="anti")
    differs = pl.any_horizontal(
        pl.col("deleted_at").is_not_null(), *(pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in HELD)
    )
    changed = computed.join(stored, on=KEY, suffix="_stored").filter(differs).select(computed.columns)
    return new, _sent(spark, changed)


def _images(paid: Increment | None, payments: pl.LazyFrame, lake: Lake) -> pl.DataFrame:
    """The increment's payments, those that were changed as they stood and as they stand."""
    columns = ["transaction_id", *PLACE, "amount", "deleted_at"]
    if paid is not None:
        return reading.read_change_images(paid, lake, columns)
    none = payments.select(columns).head(0).collect()
    return none.with_columns(pl.lit(None).alias(name) for name in reading.CHANGE)


def _before(places: pl.DataFrame) -> pl.DataFrame:
    """The payments that were there before the increment, as they were."""
    first = pl.col("_commit_version") == pl.col("_commit_version").min().over("transaction_id")
    return places.filter(first, pl.col("_change_type") == reading.BEFORE)


def _first(spark: SparkSession, source: Source, plan: Plan, paid: Increment, lake: Lake, held_rows: int) -> int:
    """All of a source's payments, in this process or, if they are very many, by Spark; returns how many."""
    labels = _of(silver.LABELS, source, lake, reads.version(silver.LABELS, lake))
    standing = reads.not_deleted(_of(silver.TRANSACTIONS, source, lake, paid.last))
    rows = reads.count(silver.TRANSACTIONS, lake, source.name, paid.last)
    if rows > held_rows:
        return _append(spark, spread(spark, standing, labels, plan, rows), paid, lake)
    return writing.append_batches(map(_stamped, in_shares(standing, labels, plan)), paid, lake)


def _later(
    spark: SparkSession,
    source: Source,
    plan: Plan,
    paid: Increment | None,
    told: Increment | None,
    listed: Increment | None,
    lake: Lake,
) -> tuple[int, int]:
    """What an increment touches, in this process or, if it is large, by Spark; returns the rows added and repaired."""
    new: DataFrame | pl.DataFrame | None = None
    changed: DataFrame | None = None
    if cursor.changed_in_place(paid, lake):
        _withdraw(spark, source, lake)
    since, relisted = _relisted(listed, source, lake)
    if cursor.size(paid, lake) + cursor.size(told, lake) + relisted <= IN_PROCESS_ROWS:
        new, changed = _here(spark, source, plan, paid, told, since, lake)
    elif earliest := _since(spark, paid, told, since, lake):
        new, changed = _on_spark(spark, source, plan, earliest, lake)
    repaired = _repair(spark, changed, lake) if changed is not None else 0
    return _append(spark, new, paid, lake), repaired


def _on_spark(
    spark: SparkSession, source: Source, plan: Plan, since: datetime, lake: Lake
) -> tuple[DataFrame, DataFrame | None]:
    """The new and the changed rows among the payments since a moment, by Spark."""
    labels = _of(silver.LABELS, source, lake, reads.version(silver.LABELS, lake))
    needed = reads.not_deleted(_of(silver.TRANSACTIONS, source, lake, reads.version(silver.TRANSACTIONS, lake)))
    furthest = max(map(plan.horizon, ENTITIES))
    reached = since - furthest - plan.label_delay
    late = labels.filter(pl.col("known_at") >= since - furthest)
    needed = pl.concat(
        (
            needed.filter(pl.col("event_time") >= reached),
            needed.filter(pl.col("event_time") < reached).join(late, on="transaction_id", how="semi"),
        )
    )
    computed = spread(spark, needed, labels, plan, reads.count(silver.TRANSACTIONS, lake, source.name))
    computed = computed.where(F.col("event_time") >= since).localCheckpoint()
    stored = _read(spark, gold.FEATURES, source, lake).where(F.col("event_time") >= since)
    now = computed.withColumn("now", F.struct(*HELD))
    held = F.struct(*(F.col(name).cast("float") if name in COMPUTED else name for name in HELD))
    then = stored.select(*KEY, held.alias("then"), F.col("deleted_at").isNotNull().alias("withdrawn"))
    differs = F.col("withdrawn") | ~F.col("now").eqNullSafe(F.col("then"))
    changed = now.join(then, KEY).where(differs).drop("now", "then", "withdrawn").localCheckpoint()
    return computed.join(stored, KEY, "left_anti"), None if changed.isEmpty() else changed


def _since(
    spark: SparkSession, paid: Increment | None, told: Increment | None, listed: datetime | None, lake: Lake
) -> datetime | None:
    """The earliest moment the new and changed rows can have an effect at; None when none of them is the source's."""
    found = [
        reading.read_spark(spark, increment, lake, change_images=True).agg(F.unix_micros(F.min(time))).collect()[0][0]
        for increment, time in ((paid, "event_time"), (told, "known_at"))
        if increment
    ]
    moments = [_EPOCH + timedelta(microseconds=micros) for micros in found if micros is not None]
    return min([*moments, *([listed] if listed else [])], default=None)


def _repair(spark: SparkSession, changed: DataFrame, lake: Lake) -> int:
    """Put changed features in place of those stored; past decisions stay as they were made."""
    changed.createOrReplaceTempView("changed_features")
    updates = ", ".join(f"t.`{name}` = s.`{name}`" for name in HELD)
    merged = spark.sql(
        f"MERGE INTO delta.`{lake.path(gold.FEATURES)}` t USING changed_features s "
        "ON t.source = s.source AND t.transaction_id = s.transaction_id "
        f"WHEN MATCHED THEN UPDATE SET {updates}, t.features_fingerprint = '{FINGERPRINT}', "
        "t.repaired_at = current_timestamp(), t.deleted_at = NULL"
    ).first()
    return int(merged["num_updated_rows"]) if merged else 0


def _withdraw(spark: SparkSession, source: Source, lake: Lake) -> None:
    """Say of the payments that the source has deleted that they are, and where the source last said they stood."""
    updates = ", ".join(f"t.`{name}` = s.`{name}`" for name in (*PLACE, "amount", "deleted_at"))
    _read(spark, silver.TRANSACTIONS, source, lake).where("deleted_at IS NOT NULL").createOrReplaceTempView("deleted")
    spark.sql(
        f"MERGE INTO delta.`{lake.path(gold.FEATURES)}` t USING deleted s "
        "ON t.source = s.source AND t.transaction_id = s.transaction_id "
        f"WHEN MATCHED AND NOT t.deleted_at <=> s.deleted_at "
        f"THEN UPDATE SET {updates}, t.repaired_at = current_timestamp()"
    ).collect()


def _append(spark: SparkSession, new: DataFrame | pl.DataFrame | None, paid: Increment | None, lake: Lake) -> int:
    if paid is None:
        return 0
    if new is None:
        writing.skip(paid, lake)
        return 0
    if isinstance(new, pl.DataFrame):
        return writing.append_in_process(_stamped(new), paid, lake)
    return writing.append_spark(
        spark,
        new.withColumns(
            {
                "features_fingerprint": F.lit(FINGERPRINT),
                "computed_at": F.current_timestamp(),
                "repaired_at": F.lit(None).cast("timestamp"),
                "deleted_at": F.lit(None).cast("timestamp"),
            }
        ),
        paid,
        lake,
    )


def _stamped(new: pl.DataFrame) -> pl.DataFrame:
    """With what the step says of its rows; what they lack is null."""
    return new.with_columns(features_fingerprint=pl.lit(FINGERPRINT), computed_at=pl.lit(datetime.now(UTC)))


def _of(table: Table, source: Source, lake: Lake, version: int | None = None) -> pl.LazyFrame:
    frame = reads.scan(table, lake, version)
    assert frame is not None, f"{table.full_name} does not exist"
    return frame.filter(pl.col("source") == source.name)


def _read(spark: SparkSession, table: Table, source: Source, lake: Lake) -> DataFrame:
    return spark.read.format("delta").load(lake.path(table)).where(F.col("source") == source.name)


def _gained(increment: Increment | None, columns: list[str], like: pl.LazyFrame, lake: Lake) -> pl.DataFrame:
    if increment is None:
        return like.select(columns).head(0).collect()
    return reading.read_in_process(increment, lake, columns)


def _sent(spark: SparkSession, rows: pl.DataFrame) -> DataFrame | None:
    return None if rows.is_empty() else spark.createDataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
