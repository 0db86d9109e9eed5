"""Upkeep changes how rows are stored and never which, whoever writes meanwhile."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake
from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import bronze, gold, silver
from fraud_assets.lake import cursor, reading, reads, upkeep, writing
from fraud_assets.lake.location import Lake
from fraud_assets.lake.upkeep import MANY, maintain
from fraud_assets_tests.raw import payment, records, send, send_by_spark

SCORES = gold.SCORES
START = datetime(2026, 1, 1, tzinfo=UTC)
NO_SPARK: SparkSession = None  # type: ignore[assignment]
"""For tables that upkeep must do without Spark."""


def append(lake: Lake, number: int, source: str = "cards", table: str = SCORES.full_name) -> None:
    """One row as one data file, with a position as a step would leave it."""
    row = {"source": source, "transaction_id": f"T{number:03}", "customer_id": f"C{number * 7 % 10}"}
    frame = pl.DataFrame([row | {"event_time": START + timedelta(minutes=number), "score": 0.5}])
    done = CommitProperties(app_transactions=[Transaction(f"upstream/{source}", number)])
    arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    path = f"{lake.root}/{table.replace('.', '/')}"
    write_deltalake(path, arrow, mode="append", partition_by=["source"], commit_properties=done)


def ids(lake: Lake) -> list[str]:
    frame = reads.scan(SCORES, lake)
    assert frame is not None
    return sorted(frame.select("transaction_id").collect()["transaction_id"])


def test_small_files_become_one_and_rows_positions_and_changes_stay(lake: Lake) -> None:
    for number in range(MANY):
        append(lake, number)
    append(lake, MANY, "other")
    kept = maintain(NO_SPARK, SCORES, lake)
    assert kept is not None
    assert (kept.files_before, kept.files_after, kept.compacted, kept.clustered) == (MANY + 1, 2, ("cards",), ())
    assert kept.bytes_after < kept.bytes_before
    assert ids(lake) == [f"T{number:03}" for number in range(MANY + 1)]
    log = lake.log(SCORES)
    assert log.transaction_version("upstream/cards") == MANY - 1
    changes = pl.DataFrame(log.load_cdf(starting_version=MANY + 1, ending_version=log.version()).read_all())
    assert changes.is_empty()
    again = maintain(NO_SPARK, SCORES, lake)
    assert again is not None
    assert (again.files_before, again.files_after, again.compacted) == (2, 2, ())


def test_what_is_declared_to_be_clustered_is_sorted_once(lake: Lake) -> None:
    table = gold.FEATURES
    for number in range(MANY):
        append(lake, number, table=table.full_name)
    kept = maintain(NO_SPARK, table, lake)
    assert kept is not None
    assert kept.clustered == ("cards",)
    log = lake.log(table)
    (file,) = log.file_uris()
    customers = pl.read_parquet(file)["customer_id"].to_list()
    assert customers != [f"C{number * 7 % 10}" for number in range(MANY)]
    assert upkeep.plan(log, table) == upkeep.Plan((), ())


def test_files_that_no_version_needs_go_and_others_stay(lake: Lake) -> None:
    append(lake, 0)
    folder = Path(lake.path(SCORES))
    orphan, unfinished = folder / "source=cards/orphan.parquet", folder / "source=cards/unfinished.parquet"
    checkpoint = folder / "_checkpoints/cards/offsets/0"
    checkpoint.parent.mkdir(parents=True)
    for file in (orphan, unfinished, checkpoint):
        file.write_bytes(b"x")
    for file in (orphan, checkpoint):
        os.utime(file, (0, 0))
    kept = maintain(NO_SPARK, SCORES, lake)
    assert kept is not None
    assert kept.files_removed == 1
    assert not orphan.exists()
    assert unfinished.exists()  # a commit may be about to name it
    assert checkpoint.exists()
    assert ids(lake) == ["T000"]


def test_appends_meanwhile_are_neither_lost_nor_refused(lake: Lake) -> None:
    for number in range(MANY):
        append(lake, number)
    refused, stop, last = list[Exception](), threading.Event(), [MANY]

    def write() -> None:
        while not stop.is_set():
            try:
                append(lake, last[0])
            except Exception as error:  # whatever it is, the test is to tell it
                refused.append(error)
                return
            last[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        compacted = sum(len(kept.compacted) for _ in range(8) if (kept := maintain(NO_SPARK, SCORES, lake)) is not None)
    finally:
        stop.set()
        writer.join()
    assert refused == []
    assert compacted >= 1
    assert last[0] > MANY
    assert ids(lake) == [f"T{number:03}" for number in range(last[0])]


@pytest.mark.stack
@pytest.mark.slow
def test_spark_appends_meanwhile(spark: SparkSession, tables: Lake) -> None:
    for number in range(MANY):
        send(tables, "transactions", records([payment(number)], first=number))
    stop, done, failed = threading.Event(), list[upkeep.UpkeepResult | None](), list[Exception]()

    def tidy() -> None:
        while not stop.is_set():
            try:
                done.append(maintain(NO_SPARK, bronze.TRANSACTIONS, tables))
            except Exception as error:  # whatever it is, the test is to tell it
                failed.append(error)

    keeper = threading.Thread(target=tidy)
    keeper.start()
    try:
        for number in range(MANY, 2 * MANY):
            send_by_spark(spark, tables, "transactions", records([payment(number)], first=number))
    finally:
        stop.set()
        keeper.join()
    assert failed == []
    assert any(kept and kept.compacted for kept in done)
    frame = reads.scan(bronze.TRANSACTIONS, tables)
    assert frame is not None
    assert sorted(frame.select("offset").collect()["offset"]) == list(range(2 * MANY))


def test_a_table_that_was_never_made_is_left_alone(lake: Lake) -> None:
    assert maintain(NO_SPARK, SCORES, lake) is None


@pytest.mark.stack
def test_tables_changed_in_place_are_compacted_and_deleted_rows_stay_out(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    for number in range(MANY + 1):
        send(tables, "transactions", records([payment(number)], first=number))
    path = lake.path(bronze.TRANSACTIONS)
    spark.sql(f"DELETE FROM delta.`{path}` WHERE `offset` = 0").collect()
    spark.sql(f"UPDATE delta.`{path}` SET topic = 'corrected' WHERE `offset` = 1").collect()
    kept = maintain(spark, bronze.TRANSACTIONS, lake)
    assert kept is not None
    assert kept.compacted == ("cards",)
    assert kept.files_after < kept.files_before
    frame = reads.scan(bronze.TRANSACTIONS, lake)
    assert frame is not None
    assert sorted(frame.select("offset").collect()["offset"]) == list(range(1, MANY + 1))
    assert spark.read.format("delta").load(path).count() == MANY


@pytest.mark.stack
def test_a_step_goes_on_from_its_position_after_upkeep(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    for number in range(MANY):
        send(tables, "transactions", records([payment(number)], first=number))
    taken = cursor.pending(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake)
    assert taken is not None
    writing.skip(taken, lake)
    assert maintain(NO_SPARK, bronze.TRANSACTIONS, lake) is not None
    assert maintain(NO_SPARK, silver.QUARANTINE, lake) is not None
    send(tables, "transactions", records([payment(MANY)], first=MANY))
    after = cursor.pending(bronze.TRANSACTIONS, silver.QUARANTINE, "cards", lake)
    assert after is not None
    assert after.first == taken.last + 1
    assert reading.read_in_process(after, lake, ["offset"])["offset"].to_list() == [MANY]
    assert [row.offset for row in reading.read_spark(spark, after, lake).collect()] == [MANY]
