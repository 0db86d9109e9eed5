import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import polars as pl
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from fraud_assets.errors import FraudError
from fraud_assets.settings import settings
from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.simulate import Delivery, Period, Sent, simulate_file, simulate_history, simulate_live
from fraud_assets.sources.cards.world import World

WORLD = World(300, 600)
PERIOD = Period.ending(datetime(2026, 8, 1, 12, tzinfo=UTC), 20)


def everything(servers: str, topic: str) -> list[Any]:
    """All records of ``topic``, partition by partition."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": str(uuid4()), "enable.auto.commit": False})
    try:
        partitions = [
            TopicPartition(topic, n, 0) for n in consumer.list_topics(topic, timeout=10).topics[topic].partitions
        ]
        expected = sum(consumer.get_watermark_offsets(partition, timeout=10)[1] for partition in partitions)
        consumer.assign(partitions)
        return list(consumer.consume(expected, timeout=30)) if expected else []
    finally:
        consumer.close()


@pytest.fixture
def delivery(stack: object) -> Iterator[Delivery]:
    name = f"test-{uuid4()}"
    made = Delivery(settings().kafka, f"{name}-transactions", f"{name}-labels", malformed=0.01, duplicates=0.02)
    yield made
    for deleted in (
        AdminClient({"bootstrap.servers": made.servers}).delete_topics([made.transactions, made.labels]).values()
    ):
        deleted.exception()


def test_a_period_counts_whole_days_and_the_last_part_of_one() -> None:
    assert PERIOD.start == date(2026, 7, 12)
    assert PERIOD.days == 21
    assert Period.ending(datetime(2026, 8, 1, tzinfo=UTC), 20).days == 20
    with pytest.raises(FraudError, match="no such period"):
        Period.ending(datetime(2026, 8, 1, tzinfo=UTC), 0)


def test_a_file_holds_the_whole_period(tmp_path: Path) -> None:
    seen: list[int] = []
    sent = simulate_file(WORLD, PERIOD, tmp_path / "cards.parquet", lambda sent: seen.append(sent.transactions))
    written = pl.read_parquet(tmp_path / "cards.parquet")
    assert written.equals(pl.concat(payments_between(WORLD, PERIOD.start, PERIOD.end)))
    assert (sent.transactions, sent.frauds) == (written.height, written["is_fraud"].sum())
    assert len(seen) == PERIOD.days
    assert seen[-1] == written.height


def test_no_broker_is_said_in_two_lines() -> None:
    with pytest.raises(
        FraudError, match=r"^no Kafka broker answers at 127.0.0.1:1\nrun `make demo` or `fraud up`"
    ) as error:
        simulate_history(WORLD, PERIOD, Delivery("127.0.0.1:1"))
    assert str(error.value).count("\n") == 1


@pytest.mark.stack
def test_kafka_holds_what_history_says_it_sent(delivery: Delivery) -> None:
    sent = simulate_history(WORLD, PERIOD, delivery)
    truth = pl.concat(payments_between(WORLD, PERIOD.start, PERIOD.end))
    records = everything(delivery.servers, delivery.transactions)
    assert len(records) == sent.records
    times = Counter(record.value() for record in records)
    good = {}
    for value in times:
        try:
            record = orjson.loads(value)
        except orjson.JSONDecodeError:
            continue
        if not record["transaction_id"].endswith("-malformed"):
            good[record["transaction_id"]] = record
    assert good.keys() == set(truth["transaction_id"])
    assert sent.transactions == truth.height
    assert sum(times.values()) - len(times) == sent.duplicates > 0
    assert len(times) - len(good) == sum(sent.malformed.values()) > 0

    frauds = truth.filter("is_fraud")
    known = frauds.filter(pl.col("event_time") <= PERIOD.end - delivery.label_delay)
    labels = everything(delivery.servers, delivery.labels)
    assert {record.key().decode() for record in labels} == set(known["transaction_id"])
    assert (sent.labels, sent.labels_due) == (known.height, frauds.height - known.height)
    assert all(orjson.loads(record.value())["is_fraud"] is True for record in labels)


@pytest.mark.stack
def test_a_customers_payments_stay_in_order_on_one_partition(delivery: Delivery) -> None:
    simulate_history(WORLD, PERIOD, Delivery(delivery.servers, delivery.transactions, delivery.labels))
    last: dict[bytes, tuple[int, str]] = {}
    for record in everything(delivery.servers, delivery.transactions):
        time_ = orjson.loads(record.value())["event_time"]
        partition, before = last.get(record.key(), (record.partition(), ""))
        assert partition == record.partition()
        assert before <= time_
        last[record.key()] = (partition, time_)
    assert {partition for partition, _ in last.values()} == {0, 1}


@pytest.mark.stack
def test_live_payments_happen_now_and_labels_of_history_follow(delivery: Delivery) -> None:
    history = Period.ending(datetime.now(UTC) - timedelta(days=3), 20)
    before = simulate_history(WORLD, history, delivery)
    started = datetime.now(UTC)
    live = simulate_live(WORLD, 200.0, delivery, threading.Event(), seconds=2.0, history=history)
    assert live.transactions == pytest.approx(400, abs=100)
    assert len(everything(delivery.servers, delivery.transactions)) == before.records + live.records
    assert len(everything(delivery.servers, delivery.labels)) == before.labels + live.labels
    # Three days have passed since the history ended: that much of its last seven days' chargebacks is due at once.
    assert 0 < live.labels < before.labels_due
    assert live.labels_due == before.labels_due - live.labels + live.frauds
    times = [
        datetime.fromisoformat(orjson.loads(record.value())["event_time"])
        for record in everything(delivery.servers, delivery.transactions)
        if record.value().startswith(b'{"transaction_id":"live-') and record.value().endswith(b"}")
        if b"-malformed" not in record.value()
    ]
    assert min(times) >= started - timedelta(milliseconds=1)
    assert max(times) <= datetime.now(UTC)


@pytest.mark.stack
def test_live_payments_stop_when_told(delivery: Delivery) -> None:
    stop = threading.Event()
    started_at = time.monotonic()

    def stop_after_some(sent: Sent) -> None:
        if sent.transactions >= 20:
            stop.set()

    sent = simulate_live(WORLD, 100.0, delivery, stop, progress=stop_after_some)
    assert sent.transactions >= 20
    assert time.monotonic() - started_at < 10
