from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.sources.stream import Time
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver import formats
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets_tests.raw import records, send
from fraud_assets_tests.silver.cases import CHANGES, CSV, line

pytestmark = pytest.mark.stack

SPARKOV, LEDGER, ULB = named("sparkov_sample"), named("ledger"), named("ulb")


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    return frame.collect()


def test_csv_records_become_payments_or_say_why_not(spark: SparkSession, tables: Lake) -> None:
    send(tables, "transactions", records([value for value, _ in CSV]), "sparkov_sample")
    outcome = bronze_to_silver(spark, SPARKOV, "transactions", tables)

    reasons = dict(rows(silver.QUARANTINE, tables).select("offset", "reasons").iter_rows())
    assert [reasons.get(offset, []) for offset in range(len(CSV))] == [expected for _, expected in CSV]
    assert (outcome.written[silver.TRANSACTIONS], outcome.written[silver.LABELS]) == (3, 2)
    first = rows(silver.TRANSACTIONS, tables).row(0, named=True)
    assert first["merchant_id"] == 'Kutch, "Big" & Sons'
    assert (first["channel"], first["amount"], first["customer_longitude"]) == ("web", 12.5, -86.2)
    assert len(first["customer_id"]) == 64
    labels = rows(silver.LABELS, tables).sort("transaction_id")
    assert labels.select("transaction_id", "is_fraud", "origin").rows() == [
        ("T0", False, "embedded"),
        ("T1", True, "embedded"),
    ]
    assert labels["known_at"][0] == datetime(2019, 1, 8, 0, 44, 56, tzinfo=UTC)


def test_embedded_labels_come_once_and_only_with_payments_taken(spark: SparkSession, tables: Lake) -> None:
    send(tables, "transactions", records([line(0), line(0), line(1, amt="ten")]), "sparkov_sample")
    assert bronze_to_silver(spark, SPARKOV, "transactions", tables).written[silver.LABELS] == 1
    send(tables, "transactions", records([line(0), line(2)], first=3), "sparkov_sample")
    assert bronze_to_silver(spark, SPARKOV, "transactions", tables).written[silver.LABELS] == 1
    assert sorted(rows(silver.LABELS, tables)["transaction_id"]) == ["T0", "T2"]


def test_changes_of_a_database_become_payments_or_say_why_not(spark: SparkSession, tables: Lake) -> None:
    send(tables, "transactions", records([value for value, _ in CHANGES]), "ledger")
    bronze_to_silver(spark, LEDGER, "transactions", tables)

    reasons = dict(rows(silver.QUARANTINE, tables).select("offset", "reasons").iter_rows())
    assert [reasons.get(offset, []) for offset in range(len(CHANGES))] == [expected for _, expected in CHANGES]
    taken = rows(silver.TRANSACTIONS, tables).sort("transaction_id")
    assert [attributes["op"] for attributes in taken["attributes"]] == ["c", "r", "u", "d"]
    assert set(taken["event_time"]) == {datetime(2026, 2, 1, 12, tzinfo=UTC)}


def test_signals_are_numbers_or_reasons(spark: SparkSession, tables: Lake) -> None:
    sound: dict[str, Any] = dict.fromkeys(ULB.transactions.fields, 1.5) | {
        "row_number": 1,
        "Class": 1,
        "Time": 86_400.5,
    }
    cases = [sound, sound | {"row_number": 2, "V3": "odd"}, {k: v for k, v in sound.items() if k != "V4"}]
    cases[2]["row_number"] = 3
    send(tables, "transactions", records(cases), "ulb")
    outcome = bronze_to_silver(spark, ULB, "transactions", tables)
    assert rows(silver.QUARANTINE, tables)["reasons"].to_list() == [["signal V3 is not a double but a text"]]
    assert outcome.written[silver.LABELS] == 2
    first, third = rows(silver.TRANSACTIONS, tables).sort("transaction_id").to_dicts()
    assert first["signals"] == {f"V{number}": 1.5 for number in range(1, 29)}
    assert third["signals"]["V4"] is None
    assert first["event_time"] == datetime(2013, 9, 2, 0, 0, 0, 500_000, tzinfo=UTC)


NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "time", "expected"),
    [
        ("2026-02-01T12:00:00Z", Time(), NOON),
        ("2026-02-01 12:00:00", Time(), NOON),
        ("12:00:00", Time(), None),
        ("2026-02-01 13:00:00", Time(zone="Europe/Paris"), NOON),
        ("2026-02-01T12:00:00Z", Time(zone="Europe/Paris"), NOON),
        ("2026-02-01T07:00:00-05:00", Time(zone="Europe/Paris"), NOON),
        ("01.02.2026 13:00", Time(format="dd.MM.yyyy HH:mm", zone="Europe/Paris"), NOON),
        ("30.02.2026 13:00", Time(format="dd.MM.yyyy HH:mm"), None),
        ("20260201T120000Z", Time(format="yyyyMMdd'T'HHmmss'Z'"), NOON),
        ("1769947200", Time(format="seconds"), NOON),
        ("1769947200000", Time(format="milliseconds"), NOON),
        ("1769947200000000", Time(format="microseconds"), NOON),
        ("43200.0", Time(format="seconds", since=datetime(2026, 2, 1)), NOON),
        ("9e99", Time(format="seconds"), None),
        ("1e15", Time(format="seconds"), None),
        ("NaN", Time(format="seconds"), None),
        ("", Time(format="milliseconds"), None),
    ],
)
def test_times_in_the_source_s_own_way(spark: SparkSession, value: str, time: Time, expected: datetime | None) -> None:
    row = spark.createDataFrame([(value,)], "given string").select(F.expr(formats.timestamp("given", time))).first()
    assert row is not None
    found = row[0]
    assert (found.astimezone(UTC) if found else None) == expected
