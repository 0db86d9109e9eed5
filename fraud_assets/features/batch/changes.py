"""The rows that increments add to gold.features and those that they change, in this process or by Spark.

What belongs here: reading the increments, computing the affected rows' features and comparing these with those stored.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.features.catalogue import ENTITIES
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.features.batch.affected import affected_rows
from fraud_assets.features.batch.plan import COMPUTED, STORED, Plan
from fraud_assets.features.batch.recompute import IDENTITY, REWRITTEN
from fraud_assets.features.batch.source_rows import read_spark, scan
from fraud_assets.features.batch.spark import evaluate_spark
from fraud_assets.lake import cursor, reading, reads
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake

KEY = ["source", "transaction_id"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Increments:
    """What gold.features has not read of its upstreams; None where it has read everything."""

    payments: Increment | None
    labels: Increment | None
    watchlists: Increment | None

    @classmethod
    def pending(cls, source: Source, plan: Plan, lake: Lake) -> "Increments":
        """The increments of a source; watchlists only where its features read any."""
        uses_watchlists = plan.watchlists and lake.opened(silver.WATCHLISTS) is not None
        return cls(
            cursor.pending(silver.TRANSACTIONS, gold.FEATURES, source.name, lake),
            cursor.pending(silver.LABELS, gold.FEATURES, source.name, lake),
            cursor.pending(silver.WATCHLISTS, gold.FEATURES, source.name, lake) if uses_watchlists else None,
        )

    @property
    def all(self) -> list[Increment]:
        """Those that there are."""
        return [each for each in (self.payments, self.labels, self.watchlists) if each]

    def watchlists_since(self, lake: Lake) -> datetime | None:
        """The earliest event time of payments for which new revisions of watchlists may count; None without any."""
        if self.watchlists is None:
            return None
        since = reading.read_in_process(self.watchlists, lake, ["known_at"])["known_at"].min()
        return since if isinstance(since, datetime) else None


def rows_to_compute(source: Source, increments: Increments, since: datetime | None, lake: Lake) -> int:
    """How many new rows and, from ``since`` on, payments an evaluation has to look at, at most."""
    rows = cursor.size(increments.payments, lake) + cursor.size(increments.labels, lake)
    if since is None:
        return rows
    later = scan(silver.TRANSACTIONS, source, lake).filter(pl.col("event_time") >= since)
    return rows + int(later.select(pl.len()).collect().item())


def changes_in_process(
    source: Source, plan: Plan, increments: Increments, since: datetime | None, lake: Lake
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The new and the changed rows of small increments; all payments from ``since`` on are affected."""
    payments, labels = scan(silver.TRANSACTIONS, source, lake), scan(silver.LABELS, source, lake)
    images = _change_images(increments.payments, payments, lake)
    present = images.filter(pl.col("deleted_at").is_null())
    new_labels = _gained(increments.labels, ["transaction_id", "known_at"], labels, lake)
    kept = reads.not_deleted(payments)
    computed = affected_rows(kept, labels, present, new_labels, plan, _before(present), since)
    earliest = pl.concat([computed["event_time"], images["event_time"]]).min()
    if computed.is_empty():
        return computed, computed
    stored = (
        scan(gold.FEATURES, source, lake)
        .filter(pl.col("event_time") >= earliest, pl.col("transaction_id").is_in(computed["transaction_id"].implode()))
        .select(*KEY, *REWRITTEN, "deleted_at")
        .with_columns(pl.col(COMPUTED).cast(STORED))
        .collect()
    )
    new = computed.join(stored, on=KEY, how="anti")
    other = [pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in REWRITTEN]
    differs = pl.any_horizontal(pl.col("deleted_at").is_not_null(), *other)
    changed = computed.join(stored, on=KEY, suffix="_stored").filter(differs).select(computed.columns)
    return new, changed


def changes_spark(
    spark: SparkSession, source: Source, plan: Plan, since: datetime, lake: Lake
) -> tuple[DataFrame, DataFrame]:
    """The new and the changed rows among the payments since a moment."""
    labels = scan(silver.LABELS, source, lake, reads.version(silver.LABELS, lake))
    payments = scan(silver.TRANSACTIONS, source, lake, reads.version(silver.TRANSACTIONS, lake))
    kept = reads.not_deleted(payments)
    furthest = max(map(plan.horizon, ENTITIES))
    reached = since - furthest - plan.label_delay
    late = labels.filter(pl.col("known_at") >= since - furthest)
    context = pl.concat(
        (
            kept.filter(pl.col("event_time") >= reached),
            kept.filter(pl.col("event_time") < reached).join(late, on="transaction_id", how="semi"),
        )
    )
    computed = evaluate_spark(spark, context, labels, plan, reads.count(silver.TRANSACTIONS, lake, source.name))
    computed = computed.where(F.col("event_time") >= since).localCheckpoint()
    stored = read_spark(spark, gold.FEATURES, source, lake).where(F.col("event_time") >= since)
    now = computed.withColumn("now", F.struct(*REWRITTEN))
    values = F.struct(*(F.col(name).cast("float") if name in COMPUTED else name for name in REWRITTEN))
    then = stored.select(*KEY, values.alias("then"), F.col("deleted_at").isNotNull().alias("was_deleted"))
    differs = F.col("was_deleted") | ~F.col("now").eqNullSafe(F.col("then"))
    changed = now.join(then, KEY).where(differs).drop("now", "then", "was_deleted").localCheckpoint()
    return computed.join(stored, KEY, "left_anti"), changed


def earliest_effect_spark(
    spark: SparkSession, increments: Increments, watchlists_since: datetime | None, lake: Lake
) -> datetime | None:
    """The earliest moment from which the increments can have an effect; None if none of their rows is the source's."""
    found = [
        reading.read_spark(spark, increment, lake, change_images=True).agg(F.unix_micros(F.min(time))).collect()[0][0]
        for increment, time in ((increments.payments, "event_time"), (increments.labels, "known_at"))
        if increment
    ]
    moments = [_EPOCH + timedelta(microseconds=micros) for micros in found if micros is not None]
    return min([*moments, *([watchlists_since] if watchlists_since else [])], default=None)


def _change_images(increment: Increment | None, payments: pl.LazyFrame, lake: Lake) -> pl.DataFrame:
    """The increment's payments; those that were changed as they were before and after."""
    columns = ["transaction_id", *IDENTITY, "amount", "deleted_at"]
    if increment is not None:
        return reading.read_change_images(increment, lake, columns)
    none = payments.select(columns).head(0).collect()
    return none.with_columns(pl.lit(None).alias(name) for name in reading.CHANGE)


def _before(images: pl.DataFrame) -> pl.DataFrame:
    """The payments that existed before the increment, as they were then."""
    first = pl.col("_commit_version") == pl.col("_commit_version").min().over("transaction_id")
    return images.filter(first, pl.col("_change_type") == reading.BEFORE)


def _gained(increment: Increment | None, columns: list[str], like: pl.LazyFrame, lake: Lake) -> pl.DataFrame:
    if increment is None:
        return like.select(columns).head(0).collect()
    return reading.read_in_process(increment, lake, columns)
