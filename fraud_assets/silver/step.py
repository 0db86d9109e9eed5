"""Bronze → silver: each record goes to exactly one of silver's tables.

Spark parses the records; this process decides which are duplicates and commits everything (decision 0010).
"""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake import cursor, reading, writing
from fraud_assets.lake.cursor import IN_PROCESS_ROWS, Increment
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult
from fraud_assets.silver import corrections, replays
from fraud_assets.silver.batch import Raw, classify
from fraud_assets.silver.parse import parse
from fraud_assets.silver.streams import STREAMS
from fraud_assets.silver.writers import writers

BATCH_RECORDS = 1_000_000
"""Records that are parsed, classified and committed at once, unless one version of bronze holds more."""

_RAW = [name for name in bronze.TRANSACTIONS.column_names if name != "headers"]


def bronze_to_silver(spark: SparkSession, source: Source, stream: str, lake: Lake) -> StepResult:
    """Load what bronze gained of a stream (transactions or labels) into silver, then the quarantined records to retry.

    Each target has its own cursor; a run that died between two targets is completed by the next, which then reads a
    range for each. Silver's own table is written first: the duplicates step uses it to decide which records are new.
    """
    upstream, target = STREAMS[stream]
    targets = writers(source, stream)
    todo = cursor.pending_by_target(upstream, targets, source.name, lake)
    parts = []
    for same in _by_first_version(todo):
        for increments in cursor.split(same, BATCH_RECORDS, lake):
            records, raw = _read(spark, increments[0], lake)
            parts.append(_load(_parse(spark, source, stream, records), source, stream, raw, increments, lake))
    retried = cursor.pending_by_target(silver.QUARANTINE_ACTIONS, targets, source.name, lake, stream)
    for increments in _by_first_version(retried):
        records = replays.records(increments[0], stream, lake)
        parts.append(_load(_parse(spark, source, stream, records), source, stream, [records], increments, lake))
    result = StepResult.total(todo[0].range if todo else "nothing new", parts)
    result.notes["undeclared"] = sorted({name for part in parts for name in part.notes["undeclared"]})
    if silver.CORRECTIONS in targets:
        result.updated[target] = corrections.apply(spark, source, lake)
    return result


def _by_first_version(todo: list[Increment]) -> Iterator[list[Increment]]:
    """Increments of one upstream, those with one first version together."""
    for first in dict.fromkeys(increment.first for increment in todo):
        yield [increment for increment in todo if increment.first == first]


def _read(spark: SparkSession, increment: Increment, lake: Lake) -> tuple[DataFrame | pl.DataFrame, Raw]:
    """The records that bronze gained, each read for the first time; in this process if they are few."""
    attempt = pl.lit(0, pl.Int32).alias("attempt")
    if cursor.size(increment, lake) <= IN_PROCESS_ROWS:
        few = reading.read_in_process(increment, lake, _RAW).with_columns(attempt)
        return few, [few]
    many = reading.read_spark(spark, increment, lake).select(_RAW)
    return many, (batch.with_columns(attempt) for batch in reading.read_batches(increment, lake, _RAW))


def _parse(spark: SparkSession, source: Source, stream: str, records: DataFrame | pl.DataFrame) -> pa.Table | None:
    """The records in silver's columns, with the rules that each broke; None without any records."""
    if isinstance(records, pl.DataFrame):
        if records.is_empty():
            return None
        records = spark.createDataFrame(records.to_arrow(compat_level=pl.CompatLevel.oldest()))
    return parse(records, source, getattr(source, stream), STREAMS[stream][1]).toArrow()


def _load(
    parsed: pa.Table | None, source: Source, stream: str, raw: Raw, increments: list[Increment], lake: Lake
) -> StepResult:
    """Write the records to each increment's target."""
    targets = writers(source, stream)
    result = StepResult(notes={"undeclared": set()})
    if parsed is None:
        for increment in increments:
            writing.skip(increment, lake)
        return result
    batch = classify(parsed, source, stream, raw, increments[0].target is STREAMS[stream][1], lake)
    for increment in increments:
        result.written[increment.target] += targets[increment.target](batch, increment, lake)
    result.read[increments[0].upstream] = parsed.num_rows
    result.notes["undeclared"] = batch.undeclared
    return result
