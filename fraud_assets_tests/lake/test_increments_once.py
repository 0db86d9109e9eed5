"""The position guards a commit made in this process: an increment is taken once."""

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake import increments, reads
from fraud_assets.lake.location import Lake
from fraud_assets_tests.raw import payment, records, send

pytestmark = pytest.mark.stack


def test_an_increment_committed_again_or_late_changes_nothing(tables: Lake) -> None:
    lake = tables
    send(tables, "transactions", records([payment(0)]))
    late = increments.pending(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake)
    assert late is not None
    increments.skip(late, lake)
    send(tables, "transactions", records([payment(1)], first=1))
    newer = increments.pending(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake)
    assert newer is not None
    bad = increments.rows(newer, lake, ["source", "topic", "kafka_time", "key", "value"]).with_columns(
        partition=pl.lit(0, pl.Int32),
        offset=pl.lit(1, pl.Int64),
        stream=pl.lit("transactions"),
        reasons=pl.lit(["a reason"]),
        quarantined_at=pl.col("kafka_time"),
    )
    assert increments.append_here(bad, newer, lake) == 1
    assert increments.append_here(bad, newer, lake) == 0
    assert increments.append_here(bad, late, lake) == 0
    increments.skip(late, lake)
    assert increments.taken(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake) == newer.last
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

    increment = increments.pending(bronze.TRANSACTIONS, silver.TRANSACTIONS, "cards", lake)
    assert increment is not None
    assert increments.size(increment, lake) == 3
    assert sorted(increments.rows(increment, lake, ["offset"])["offset"]) == [0, 1]
    held = increments.read(spark, increment, lake)
    assert held.columns == bronze.TRANSACTIONS.column_names
    assert sorted(row.offset for row in held.collect()) == [0, 1]
