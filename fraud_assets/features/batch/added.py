"""Rows added to gold.features, stamped, together with the cursor of silver.transactions."""

from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.features.fingerprint import FINGERPRINT
from fraud_assets.lake import writing
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake


def append_in_process(rows: pl.DataFrame, increment: Increment, lake: Lake) -> int:
    """Append the rows of a small increment; returns how many."""
    return writing.append_in_process(_stamped(rows), increment, lake)


def append_batches(rows: Iterable[pl.DataFrame], increment: Increment, lake: Lake) -> int:
    """Append rows that come in batches; returns how many."""
    return writing.append_batches(map(_stamped, rows), increment, lake)


def append_spark(spark: SparkSession, rows: DataFrame, increment: Increment, lake: Lake) -> int:
    """Append rows that Spark computed; returns how many."""
    never = F.lit(None).cast("timestamp")
    stamp = {"features_fingerprint": F.lit(FINGERPRINT), "computed_at": F.current_timestamp()}
    stamped = rows.withColumns({**stamp, "recomputed_at": never, "deleted_at": never})
    return writing.append_spark(spark, stamped, increment, lake)


def _stamped(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with version and time; the columns that they lack become null."""
    return rows.with_columns(features_fingerprint=pl.lit(FINGERPRINT), computed_at=pl.lit(datetime.now(UTC)))
