"""Staged files are invisible until they are committed, and then read by every engine, with their statistics."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.tables import gold
from fraud_assets.lake import cursor, reads, staged
from fraud_assets.lake.location import Lake
from fraud_assets.lake.staged import StagedFiles
from fraud_assets_tests.decisions.sample import arrive, features

pytestmark = pytest.mark.stack

START = datetime(2026, 3, 1, 12, 0, 0, 250_123, tzinfo=UTC)


def inputs(tag: str, rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source": ["cards"] * rows,
            "transaction_id": [f"{tag}{n:03}" for n in range(rows)],
            "score": [n / rows for n in range(rows)],
            "vector": [bytes([n]) * 8 for n in range(rows)],
            "context": ["c"] * rows,
            "decided_at": [START + timedelta(minutes=n) for n in range(rows)],
        },
        schema_overrides={"decided_at": pl.Datetime("us", "UTC")},
    )


@pytest.fixture
def increment(tables: Lake) -> cursor.Increment:
    arrive(features(3, "a"), tables)
    (found,) = cursor.pending_by_target(gold.FEATURES, (gold.DECISION_INPUTS,), "cards", tables)
    return found


def test_rows_are_there_when_they_are_committed_and_only_once(tables: Lake, increment: cursor.Increment) -> None:
    for expected in (20, 0):
        files = StagedFiles(increment, tables)
        files.add(inputs("a", 10))
        files.add(inputs("b", 10))
        before = reads.count(gold.DECISION_INPUTS, tables)
        assert files.commit() == expected
        assert reads.count(gold.DECISION_INPUTS, tables) == before + expected
    assert cursor.last_read_version(gold.FEATURES, gold.DECISION_INPUTS, "cards", tables) == increment.last


def test_nothing_staged_moves_the_cursor(tables: Lake, increment: cursor.Increment) -> None:
    assert StagedFiles(increment, tables).commit() == 0
    assert cursor.last_read_version(gold.FEATURES, gold.DECISION_INPUTS, "cards", tables) == increment.last


def test_every_engine_reads_them_and_skips_by_their_statistics(
    spark: SparkSession, tables: Lake, increment: cursor.Increment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged, "FILE_BYTES", 1)  # a file a batch
    files = StagedFiles(increment, tables)
    files.add(inputs("a", 10))
    files.add(inputs("b", 20))
    files.commit()
    assert len(tables.log(gold.DECISION_INPUTS).file_uris()) == 2
    newest = START + timedelta(minutes=19)
    assert reads.newest_time(gold.DECISION_INPUTS, tables, "cards") == newest
    assert reads.nulls_in_key(gold.DECISION_INPUTS, tables) == 0
    of_spark = spark.read.format("delta").load(tables.path(gold.DECISION_INPUTS))
    assert of_spark.count() == 30
    assert of_spark.where(F.col("decided_at") == F.lit(newest)).select("transaction_id").collect() == [("b019",)]
    found = tables.scan(gold.DECISION_INPUTS).filter(pl.col("decided_at") == newest).collect()
    assert found["vector"].to_list() == [bytes([19]) * 8]
    assert found["watchlist_hits"].to_list() == [None]
