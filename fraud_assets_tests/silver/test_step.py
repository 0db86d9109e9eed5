import json
from typing import Any

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult
from fraud_assets.silver import batch, step
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.silver.shapes import NO_VALUE
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.silver.streams import STREAMS
from fraud_assets_tests.raw import SENT, label, payment, records, send, send_by_spark
from fraud_assets_tests.silver.cases import LABELS, PAYMENTS

pytestmark = pytest.mark.stack

CARDS = named("cards")


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    return frame.collect()


def counts(result: StepResult, stream: str = "transactions") -> tuple[int, int, int, int]:
    """Records read, written to silver, duplicates and quarantined."""
    upstream, own = STREAMS[stream]
    written = result.written
    return result.read[upstream], written[own], written[silver.DUPLICATES], written[silver.QUARANTINE]


@pytest.mark.parametrize(("stream", "cases"), [("transactions", PAYMENTS), ("labels", LABELS)])
def test_every_broken_rule_is_named_and_the_bytes_are_kept(
    spark: SparkSession, tables: Lake, stream: str, cases: list[tuple[str, dict[str, Any] | bytes | None, list[str]]]
) -> None:
    sent = records([value for _, value, _ in cases])
    send(tables, stream, sent)

    outcome = bronze_to_silver(spark, CARDS, stream, tables)

    quarantine = rows(silver.QUARANTINE, tables)
    reasons = dict(quarantine.select("offset", "reasons").iter_rows())
    found = {name: reasons.get(record.offset, []) for (name, _, _), record in zip(cases, sent, strict=True)}
    assert found == {name: expected for name, _, expected in cases}
    kept = dict(quarantine.select("offset", "value").iter_rows())
    assert kept == {record.offset: record.value for record in sent if record.offset in kept}
    assert set(quarantine["key"]) == {b"k"}
    good = sum(not expected for _, _, expected in cases)
    assert counts(outcome, stream) == (len(cases), good, 0, len(cases) - good)


def test_fields_become_typed_columns(spark: SparkSession, tables: Lake) -> None:
    value = payment(1, event_time="2026-02-01T13:00:00.123456+01:00", amount="12.50", customer_x=1, terminal_y=2.5)
    send(tables, "transactions", records([value]))
    bronze_to_silver(spark, CARDS, "transactions", tables)
    (row,) = rows(silver.TRANSACTIONS, tables).to_dicts()
    assert row["event_time"].isoformat() == "2026-02-01T12:00:00.123456+00:00"
    assert (row["amount"], row["customer_longitude"], row["merchant_latitude"]) == (12.5, 1.0, 2.5)
    assert (row["transaction_id"], row["merchant_id"], row["kafka_time"]) == ("T00001", "M1", SENT)
    assert row["attributes"] is None
    assert row["processed_at"] is not None


def test_unknown_fields_are_kept_and_named_once(spark: SparkSession, tables: Lake) -> None:
    odd = json.dumps(payment(2)).replace('"amount"', '"tip": 1, "tip": {"of": 2}, "amount"').encode()
    spaced = json.dumps(payment(3, tip=4)).replace('"tip":', '"tip" :').encode()
    send(tables, "transactions", records([payment(0), payment(1, tip=3, note=None, guests=["a"]), odd, spaced]))
    outcome = bronze_to_silver(spark, CARDS, "transactions", tables)
    assert outcome.notes["undeclared"] == ["guests", "tip"]
    taken = rows(silver.TRANSACTIONS, tables).sort("transaction_id")
    kept = [None, {"tip": "3", "guests": '["a"]'}, {"tip": '{"of":2}'}, {"tip": "4"}]
    assert taken["attributes"].to_list() == kept


def test_a_repeated_name_means_its_last_value(spark: SparkSession, tables: Lake) -> None:
    value = json.dumps(payment(1)).replace('"amount": 11.0', '"amount": 1, "amount": 2').encode()
    send(tables, "transactions", records([value]))
    bronze_to_silver(spark, CARDS, "transactions", tables)
    assert rows(silver.TRANSACTIONS, tables)["amount"].to_list() == [2.0]


def test_the_first_in_kafka_is_taken_and_the_same_again_is_counted(spark: SparkSession, tables: Lake) -> None:
    send(tables, "transactions", records([payment(0), payment(1), payment(1), payment(0)]))
    first = bronze_to_silver(spark, CARDS, "transactions", tables)
    assert counts(first) == (4, 2, 2, 0)

    spaced = json.dumps(payment(1), indent=2).replace("11.0", "11.00").encode()
    send(tables, "transactions", records([spaced, payment(2), payment(0)], first=4))
    second = bronze_to_silver(spark, CARDS, "transactions", tables)
    assert counts(second) == (3, 1, 2, 0)

    assert sorted(rows(silver.TRANSACTIONS, tables)["offset"]) == [0, 1, 5]
    assert sorted(rows(silver.DUPLICATES, tables)["offset"]) == [2, 3, 4, 6]


@pytest.mark.parametrize("read_by", ["this process", "Spark"])
def test_the_same_key_with_other_content_is_a_conflict(
    spark: SparkSession, tables: Lake, monkeypatch: pytest.MonkeyPatch, read_by: str
) -> None:
    if read_by == "Spark":
        monkeypatch.setattr(step, "IN_PROCESS_ROWS", 0)
        monkeypatch.setattr(batch, "COMPARED", 1)
    later = payment(1, amount=99, event_time="2026-02-20T00:00:00Z")
    send(tables, "transactions", records([payment(0, tip=1), payment(1), later, payment(0, tip=2), payment(1)]))
    first = bronze_to_silver(spark, CARDS, "transactions", tables)
    assert counts(first) == (5, 2, 1, 2)

    send(tables, "transactions", records([payment(0, tip=1, channel=None), payment(2), later, None], first=5))
    second = bronze_to_silver(spark, CARDS, "transactions", tables)
    assert counts(second) == (4, 1, 0, 3)

    aside = rows(silver.QUARANTINE, tables).sort("offset")
    said = "transaction_id of an earlier record that has another "
    assert dict(aside.select("offset", "reasons").iter_rows()) == {
        2: [said + "event_time, amount"],
        3: [said + "attributes"],
        5: [said + "channel"],
        7: [said + "event_time, amount"],
        8: [NO_VALUE],
    }
    assert json.loads(aside["value"][0]) == later
    assert all(stream.balanced for stream in reconcile("cards", tables))


def test_a_long_history_is_read_in_batches(spark: SparkSession, tables: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for first, numbers in ((0, (0, 1)), (2, (1, 2)), (4, (3, 0)), (6, (4, 5))):
        send_by_spark(spark, tables, "transactions", records([payment(number) for number in numbers], first))
    monkeypatch.setattr(step, "BATCH_RECORDS", 4)
    outcome = bronze_to_silver(spark, CARDS, "transactions", tables)
    assert counts(outcome) == (8, 6, 2, 0)
    taken = rows(silver.TRANSACTIONS, tables).group_by("processed_at", maintain_order=True).agg(pl.col("offset").sort())
    assert sorted(taken["offset"].to_list()) == [[0, 1, 3], [4, 6, 7]]
    assert sorted(rows(silver.DUPLICATES, tables)["offset"]) == [2, 5]


def test_a_label_that_contradicts_one_of_its_moment_is_a_conflict(spark: SparkSession, tables: Lake) -> None:
    send(tables, "labels", records([label(1), label(1, is_fraud=False), label(1)]))
    outcome = bronze_to_silver(spark, CARDS, "labels", tables)
    assert counts(outcome, "labels") == (3, 1, 1, 1)
    (reasons,) = rows(silver.QUARANTINE, tables)["reasons"].to_list()
    assert reasons == ["transaction_id and known_at of an earlier record that has another is_fraud"]


def test_a_revised_label_is_a_row_of_its_own(spark: SparkSession, tables: Lake) -> None:
    revised = label(1, is_fraud=False, labelled_at="2026-02-15T12:00:00.000Z", origin="analyst")
    send(tables, "labels", records([label(1), revised, label(1)]))
    outcome = bronze_to_silver(spark, CARDS, "labels", tables)
    assert counts(outcome, "labels") == (3, 2, 1, 0)
    assert rows(silver.LABELS, tables).sort("known_at")["is_fraud"].to_list() == [True, False]


def test_nothing_new_writes_nothing(spark: SparkSession, tables: Lake) -> None:
    send(tables, "transactions", records([payment(1)]))
    bronze_to_silver(spark, CARDS, "transactions", tables)
    versions = [reads.version(t, tables) for t in (silver.TRANSACTIONS, silver.QUARANTINE, silver.DUPLICATES)]
    assert bronze_to_silver(spark, CARDS, "transactions", tables).versions == "nothing new"
    assert versions == [reads.version(t, tables) for t in (silver.TRANSACTIONS, silver.QUARANTINE, silver.DUPLICATES)]
