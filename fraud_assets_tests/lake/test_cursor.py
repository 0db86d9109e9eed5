"""The cursor guards a commit made in this process: an increment is read once."""

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake import cursor, reading, reads, writing
from fraud_assets.lake.location import Lake
from fraud_assets_tests.raw import payment, records, send

pytestmark = pytest.mark.stack


def test_an_increment_committed_again_or_late_changes_nothing(tables: Lake) -> None:
    lake = tables
    send(tables, "transactions", records([payment(0)]))
    late = cursor.pending(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake)
    assert late is not None
    writing.skip(late, lake)
    send(tables, "transactions", records([payment(1)], first=1))
    newer = cursor.pending(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake)
    assert newer is not None
    bad = reading.read_in_process(newer, lake, ["source", "topic", "kafka_time", "key", "value"]).with_columns(
        partition=pl.lit(0, pl.Int32),
        offset=pl.lit(1, pl.Int64),
        stream=pl.lit("transactions"),
        reasons=pl.lit(["a reason"]),
        quarantined_at=pl.col("kafka_time"),
    )
    assert writing.append_in_process(bad, newer, lake) == 1
    assert writing.append_in_process(bad, newer, lake) == 0
    assert writing.append_in_process(bad, late, lake) == 0
    writing.skip(late, lake)
    assert cursor.last_read_version(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake) == newer.last
    assert reads.count(silver.QUARANTINE, lake, "cards") == 1


def test_a_first_reading_needs_no_change_feed(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    send(tables, "transactions", records([payment(0)]))
    send(tables, "transactions", records([payment(1)], first=1))
    upstream = lake.log(bronze.TRANSACTIONS)
    upstream.optimize.compact()
    removed = upstream.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert removed
    send(tables, "transactions", records([payment(2)], first=2), source="other")

    increment = cursor.pending(bronze.TRANSACTIONS, silver.TRANSACTIONS, "cards", lake)
    assert increment is not None
    assert cursor.size(increment, lake) == 3
    assert sorted(reading.read_in_process(increment, lake, ["offset"])["offset"]) == [0, 1]
    held = reading.read_spark(spark, increment, lake)
    assert held.columns == bronze.TRANSACTIONS.column_names
    assert sorted(row.offset for row in held.collect()) == [0, 1]
