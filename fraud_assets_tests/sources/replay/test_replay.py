import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings
from fraud_assets.sources.replay.replay import Batch, Report, replay
from fraud_assets.sources.replay.variations import Variations


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """2,500 orders, the first hundred of them fraud, of 20 customers."""
    path = tmp_path / "orders.jsonl"
    lines = [
        {"transaction_id": n, "customer_id": f"c{n % 20}", "timestamp": "2026-01-01", "amount": 1, "location": "x",
         "product_category": "x", "payment_method": "paypal", "device_type": "mobile", "is_fraud": n < 100}
        for n in range(2_500)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def stream(topic: str) -> Stream:
    return named("ecommerce").transactions.model_copy(update={"topic": topic})


def received(servers: str, topic: str, count: int) -> list[tuple[Any, Any, Any]]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found: list[tuple[Any, Any, Any]] = []
    until = time.monotonic() + 30
    while len(found) < count and time.monotonic() < until:
        found += [(m.key(), m.value(), m.partition()) for m in consumer.consume(1000, 0.5) if not m.error()]
    consumer.close()
    return found


@pytest.mark.stack
def test_a_file_reaches_kafka_whole_with_each_customer_on_one_partition(
    stack: Settings, topic: str, orders: Path
) -> None:
    seen: list[Batch] = []
    report = replay(orders, stream(topic), stack.kafka, progress=lambda batch, _: seen.append(batch))
    sent = received(stack.kafka, topic, 2_500)
    assert sorted(value for _, value, _ in sent) == sorted(orders.read_bytes().splitlines())
    partitions = {(key, partition) for key, _, partition in sent}
    assert len(partitions) == 20
    assert [(batch.records, batch.frauds) for batch in seen] == [(1_000, 100), (1_000, 0), (500, 0)]
    assert [batch.alarming for batch in seen] == [True, False, False]
    summary = report.summary()
    assert (summary["records"], summary["batches"], summary["fraud_rate"], summary["quality"]) == (2_500, 3, 0.04, 1.0)
    assert summary["batches_above_1_percent_fraud"] == 1
    assert report.latencies


@pytest.mark.stack
def test_a_rate_is_kept_and_variations_are_counted(stack: Settings, topic: str, orders: Path) -> None:
    report = replay(orders, stream(topic), stack.kafka, 250, rate=2_500, variations=Variations(0.1, 0.1, 0.1))
    assert report.seconds >= 0.9
    assert report.records == 2_500 + report.changed["duplicates"]
    assert report.whole < 2_500
    assert len(report.latencies) == report.batches
    assert len(received(stack.kafka, topic, report.records)) == report.records


@pytest.mark.stack
def test_a_replay_stops_after_the_batch_under_way(stack: Settings, topic: str, orders: Path) -> None:
    stop = threading.Event()
    report = replay(orders, stream(topic), stack.kafka, 100, stop=stop, progress=lambda *_: stop.set())
    assert (report.records, report.batches) == (100, 1)


def test_a_file_of_another_source_makes_no_topic(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FraudError, match="lacks 'transaction_id'"):
        replay(path, stream("never"), "127.0.0.1:1")


def test_a_report_does_not_tell_frauds_that_it_cannot_know() -> None:
    summary = Report("f", "t", 7, labelled=False).summary()
    assert (summary["fraud_rate"], summary["batches_above_1_percent_fraud"]) == (None, None)


def test_a_report_says_what_was_measured() -> None:
    report = Report("f", "t", 7, changed=Counter(late=2))
    for number, latency in enumerate([0.001, None, 0.003]):
        report.add(Batch(number, 100, 2 * number, 90, latency))
    report.seconds = 0.5
    assert report.summary() == {
        "file": "f", "topic": "t", "seed": 7, "records": 300, "batches": 3, "seconds": 0.5, "records_per_s": 600.0,
        "latency_ms": {"p50": 2.0, "p95": 2.9, "max": 3.0}, "quality": 0.9, "fraud_rate": 0.02,
        "batches_above_1_percent_fraud": 2, "missing": 0, "duplicates": 0, "late": 2,
    }  # fmt: skip
