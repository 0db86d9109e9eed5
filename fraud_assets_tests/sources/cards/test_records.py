from datetime import UTC, date, datetime, timedelta

import orjson
import polars as pl

from fraud_assets.sources.cards.payments import payments_of_day
from fraud_assets.sources.cards.records import encode, labels_of, to_wire
from fraud_assets.sources.cards.world import World

PAYMENTS = payments_of_day(World(500, 1_000), date(2026, 8, 1))


def parsed(records: pl.DataFrame) -> list[dict[str, object]]:
    return [orjson.loads(value) for value in records["value"]]


def test_a_payment_record_says_everything_but_whether_it_is_fraud() -> None:
    records = encode(to_wire(PAYMENTS), "customer_id")
    assert records["key"].to_list() == PAYMENTS["customer_id"].to_list()
    for record, payment in zip(parsed(records), PAYMENTS.iter_rows(named=True), strict=True):
        assert list(record) == [
            *("transaction_id", "event_time", "customer_id", "terminal_id", "amount", "currency", "channel"),
            *("customer_x", "customer_y", "terminal_x", "terminal_y"),
        ]
        time = record.pop("event_time")
        assert isinstance(time, str)
        assert len(time) == len("2026-08-01T00:00:31.000Z")
        assert time.endswith("Z")
        assert datetime.fromisoformat(time) == payment["event_time"]
        assert record == {name: payment[name] for name in record}


def test_labels_follow_frauds_alone_after_the_delay() -> None:
    labels = labels_of(PAYMENTS, timedelta(days=7))
    frauds = PAYMENTS.filter("is_fraud")
    assert frauds.height > 0
    assert labels["key"].to_list() == frauds["transaction_id"].to_list()
    assert labels["labelled_at"].to_list() == [time + timedelta(days=7) for time in frauds["event_time"]]
    for label, time, name in zip(parsed(labels), frauds["event_time"], frauds["transaction_id"], strict=True):
        known = label.pop("labelled_at")
        assert isinstance(known, str)
        assert datetime.fromisoformat(known) == time.astimezone(UTC) + timedelta(days=7)
        assert label == {"transaction_id": name, "is_fraud": True, "origin": "chargeback"}
