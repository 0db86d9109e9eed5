import json
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

pytestmark = pytest.mark.stack

SPARKOV, LEDGER, ULB = named("sparkov_sample"), named("ledger"), named("ulb")


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    return frame.collect()


def line(number: int, **other: str) -> bytes:
    """A record of sparkov_sample; ``other`` replaces fields, as they stand in the line."""
    fields = dict.fromkeys(SPARKOV.transactions.fields, "x") | {
        "cc_num": "4513", "trans_num": f"T{number}", "category": "grocery_net", "amt": "12.5", "is_fraud": "0",
        "merchant": '"fraud_Kutch, ""Big"" & Sons"', "lat": "41.6", "long": "-86.2", "merch_lat": "42.5",
        "merch_long": "-85.6", "trans_ts": "2019-01-01 00:44:56",
    }  # fmt: skip
    return ",".join((fields | other).values()).encode()


def test_csv_records_become_payments_or_say_why_not(spark: SparkSession, tables: Lake) -> None:
    unreadable = formats.unreadable(SPARKOV.transactions)
    cases: list[tuple[bytes | None, list[str]]] = [
        (line(0), []),
        (line(1, is_fraud="1", city='"South\nBend"'), []),
        (line(2, is_fraud=""), []),
        (line(3) + b",more", [unreadable]),
        (line(4).rsplit(b",", 1)[0], [unreadable]),
        (b'{"trans_num": "T5"}', [unreadable]),
        (b"", [unreadable]),
        (line(6, amt="ten", category="", is_fraud="maybe"),
         ["amount is not a double but a text", "is_fraud is not a boolean but a text", "category is missing"]),
        (line(7, cc_num=" "), ["customer_id is missing"]),
        (line(8, amt="100001", category="Food"), ["category does not match [a-z_]+", "amount is above 100000"]),
    ]  # fmt: skip
    send(tables, "transactions", records([value for value, _ in cases]), "sparkov_sample")
    outcome = bronze_to_silver(spark, SPARKOV, "transactions", tables)

    reasons = dict(rows(silver.QUARANTINE, tables).select("offset", "reasons").iter_rows())
    assert [reasons.get(offset, []) for offset in range(len(cases))] == [expected for _, expected in cases]
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


def test_in_line_labels_come_once_and_only_with_payments_taken(spark: SparkSession, tables: Lake) -> None:
    send(tables, "transactions", records([line(0), line(0), line(1, amt="ten")]), "sparkov_sample")
    assert bronze_to_silver(spark, SPARKOV, "transactions", tables).written[silver.LABELS] == 1
    send(tables, "transactions", records([line(0), line(2)], first=3), "sparkov_sample")
    assert bronze_to_silver(spark, SPARKOV, "transactions", tables).written[silver.LABELS] == 1
    assert sorted(rows(silver.LABELS, tables)["transaction_id"]) == ["T0", "T2"]


def change(op: str, number: int, **other: Any) -> dict[str, Any]:
    row = {"id": number, "paid_at": 1_769_947_200_000_000, "customer_id": 7, "merchant_id": 9, "amount": 12.5,
           "currency": "EUR", "channel": "pos"} | other  # fmt: skip
    before, after = (row if op in "ud" else None), (row if op != "d" else None)
    return {"before": before, "after": after, "source": {"db": "ledger"}, "op": op, "ts_ms": 1_769_947_201_000}


def test_changes_of_a_database_become_payments_or_say_why_not(spark: SparkSession, tables: Lake) -> None:
    unreadable = formats.unreadable(LEDGER.transactions)
    cases: list[tuple[dict[str, Any] | bytes | None, list[str]]] = [
        (change("c", 0), []),
        ({"schema": {"type": "struct"}, "payload": change("r", 1)}, []),
        (change("u", 2), []),
        (change("d", 3), []),
        (change("t", 4), [unreadable]),
        (change("c", 5) | {"after": None}, [unreadable]),
        ({"id": 6}, [unreadable]),
        (b"[]", [unreadable]),
        (json.dumps(change("c", 7)).encode() * 2, [unreadable]),
        (None, ["record has no value"]),
        (change("c", 8, paid_at="2026"), ["event_time is before the source began"]),
        (change("c", 9, paid_at=10**40), ["event_time is not a timestamp but a number"]),
        (change("c", 9, currency="euro"), ["currency does not match [A-Z]{3}"]),
    ]
    send(tables, "transactions", records([value for value, _ in cases]), "ledger")
    bronze_to_silver(spark, LEDGER, "transactions", tables)

    reasons = dict(rows(silver.QUARANTINE, tables).select("offset", "reasons").iter_rows())
    assert [reasons.get(offset, []) for offset in range(len(cases))] == [expected for _, expected in cases]
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
