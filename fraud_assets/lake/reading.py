"""Reading increments: the rows that an upstream gained, by Spark or in this process.

What belongs here: from an `Increment` to its rows. Reads of whole tables are in reads.py.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake

BATCH_ROWS = 50_000
"""Rows of a batch, where a step reads, computes and writes batch by batch in its own process."""

CHANGE = ["_change_type", "_commit_version"]
BEFORE = "update_preimage"
"""The change type of a row before it was updated in place."""

_GAINED = ("insert",)
_CHANGE_COLUMNS = ("_change_type", "_commit_version", "_commit_timestamp")


def read_spark(spark: SparkSession, increment: Increment, lake: Lake, change_images: bool = False) -> DataFrame:
    """The rows that the upstream gained in the increment, of its source, in the upstream's columns.

    With ``change_images`` also each row that was updated in place, as it was before and as it was after.
    """
    path = lake.path(increment.upstream)
    if increment.is_first:
        all_rows = spark.read.format("delta").option("versionAsOf", increment.last).load(path)
        return all_rows.where(F.col("source") == increment.source)
    changes = (
        spark.read.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", increment.first)
        .option("endingVersion", increment.last)
        .load(path)
    )
    own = changes.where(F.col("source") == increment.source)
    return (own if change_images else own.where(F.col("_change_type").isin(*_GAINED))).drop(*_CHANGE_COLUMNS)


def read_in_process(increment: Increment, lake: Lake, columns: list[str]) -> pl.DataFrame:
    """As `read_spark`, in this process: for small increments."""
    if increment.is_first:
        return _snapshot(increment, lake, columns).collect()
    return _gained(pl.DataFrame(pa.table(_changes(increment, lake, columns))), increment, columns)


def read_batches(increment: Increment, lake: Lake, columns: list[str]) -> Iterator[pl.DataFrame]:
    """As `read_in_process`, in batches of some `BATCH_ROWS`, none empty, in any order: for increments of any size."""
    found: Iterable[pl.DataFrame]
    if increment.is_first:
        found = _snapshot(increment, lake, columns).collect_batches(chunk_size=BATCH_ROWS, maintain_order=False)
    else:
        changes = pa.RecordBatchReader.from_stream(_changes(increment, lake, columns))
        found = (_gained(pl.DataFrame(batch), increment, columns) for batch in changes)
    yield from (batch for batch in found if batch.height)


def read_change_images(increment: Increment, lake: Lake, columns: list[str]) -> pl.DataFrame:
    """As `read_in_process`, with rows updated in place as they were before and after, and the columns of `CHANGE`.

    Not for a first increment.
    """
    wanted = [*columns, *CHANGE]
    changes = pl.DataFrame(pa.table(_changes(increment, lake, wanted)))
    return changes.filter(pl.col("source") == increment.source).select(wanted)


def _snapshot(increment: Increment, lake: Lake, columns: list[str]) -> pl.LazyFrame:
    all_rows = lake.scan(increment.upstream, increment.last)
    return all_rows.filter(pl.col("source") == increment.source).select(columns)


def _changes(increment: Increment, lake: Lake, columns: list[str]) -> Any:
    """The change feed of the increment's versions, of every source, as an Arrow stream."""
    needed = [f'"{name}"' for name in dict.fromkeys([*columns, "source", "_change_type"])]
    return lake.log(increment.upstream).load_cdf(
        starting_version=increment.first, ending_version=increment.last, columns=needed
    )


def _gained(changes: pl.DataFrame, increment: Increment, columns: list[str]) -> pl.DataFrame:
    own = changes.filter(pl.col("source") == increment.source, pl.col("_change_type").is_in(_GAINED))
    return own.select(columns)
