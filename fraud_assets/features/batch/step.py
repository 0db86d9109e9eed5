"""Silver → gold.features: the features that new payments, labels and watchlist entries affect, as of each payment.

A payment that its source corrects affects rows by its old and by its new content. One that it deletes keeps its row,
marked as deleted, and counts in no other.
"""

import polars as pl
from pyspark.sql import DataFrame, SparkSession

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.features.batch import recompute
from fraud_assets.features.batch.added import append_in_process, append_spark
from fraud_assets.features.batch.backfill import backfill
from fraud_assets.features.batch.changes import (
    Increments,
    changes_in_process,
    changes_spark,
    earliest_effect_spark,
    rows_to_compute,
)
from fraud_assets.features.batch.plan import Plan
from fraud_assets.features.batch.source_rows import scan
from fraud_assets.lake import cursor, writing
from fraud_assets.lake.cursor import IN_PROCESS_ROWS, Increment
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult


def compute(spark: SparkSession, source: Source, lake: Lake, max_rows_in_memory: int) -> StepResult:
    """Bring gold.features up to date with silver.transactions, silver.labels and silver.watchlists of one source.

    Rows are recomputed first, which can be repeated; new rows and the cursor of silver.transactions are one commit;
    the cursors of silver.labels and silver.watchlists follow. Spark's workers compute a backfill of more than
    ``max_rows_in_memory`` payments, and any large increment.
    """
    plan = Plan.of(source)
    increments = Increments.pending(source, plan, lake)
    if not increments.all:
        return StepResult()
    revisions = None if lake.opened(silver.WATCHLISTS) is None else scan(silver.WATCHLISTS, source, lake)
    plan = plan.with_watchlists(revisions)
    result = StepResult(", ".join(increment.range for increment in increments.all))
    if increments.payments and increments.payments.is_first:
        written = backfill(spark, source, plan, increments.payments, lake, max_rows_in_memory)
        result.written[gold.FEATURES] = written
    else:
        written, rewritten = _update(spark, source, plan, increments, lake)
        result.written[gold.FEATURES], result.updated[gold.FEATURES] = written, rewritten
    for increment in (increments.labels, increments.watchlists):
        if increment is not None:
            writing.skip(increment, lake)
    return result


def _update(spark: SparkSession, source: Source, plan: Plan, increments: Increments, lake: Lake) -> tuple[int, int]:
    """Rewrite and append what increments after the first affect; returns the rows appended and rewritten."""
    if cursor.changed_in_place(increments.payments, lake):
        recompute.mark_deleted_spark(spark, source, lake)
    since = increments.watchlists_since(lake)
    new: pl.DataFrame | DataFrame | None = None
    changed: DataFrame | None = None
    if rows_to_compute(source, increments, since, lake) <= IN_PROCESS_ROWS:
        new, rows = changes_in_process(source, plan, increments, since, lake)
        if not rows.is_empty():
            changed = spark.createDataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
    elif earliest := earliest_effect_spark(spark, increments, since, lake):
        new, found = changes_spark(spark, source, plan, earliest, lake)
        changed = None if found.isEmpty() else found
    rewritten = recompute.rewrite_spark(spark, changed, lake) if changed is not None else 0
    return _append(spark, new, increments.payments, lake), rewritten


def _append(spark: SparkSession, new: pl.DataFrame | DataFrame | None, increment: Increment | None, lake: Lake) -> int:
    if increment is None:
        return 0
    if new is None:
        writing.skip(increment, lake)
        return 0
    if isinstance(new, pl.DataFrame):
        return append_in_process(new, increment, lake)
    return append_spark(spark, new, increment, lake)
