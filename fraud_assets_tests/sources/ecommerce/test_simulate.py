import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, OffsetSpec
from confluent_kafka.cimpl import TopicPartition

from fraud_assets.declarations.sources.source import named
from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings
from fraud_assets.sources.ecommerce.simulate import to_file, to_kafka
from fraud_assets.sources.files import records

END = datetime(2026, 3, 1, tzinfo=UTC)
STREAM = named("ecommerce").transactions


@pytest.mark.parametrize("name", ["orders.jsonl", "orders.csv", "orders.parquet"])
def test_a_file_holds_what_is_counted_and_can_be_replayed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    made = to_file(1_000, END, 0, path)
    found = list(records(path, STREAM))
    assert len(found) == made.records == 1_000 + made.duplicates
    assert sum(record.fraud for record in found) == made.frauds > 0
    if name != "orders.csv":  # CSV tells an absent value from an empty one to nobody
        assert sum(not record.whole for record in found) == made.incomplete > 0


def test_a_missing_field_is_absent(tmp_path: Path) -> None:
    to_file(1_000, END, 0, tmp_path / "orders.jsonl")
    orders = [json.loads(line) for line in (tmp_path / "orders.jsonl").read_text().splitlines()]
    assert all(None not in order.values() for order in orders)
    assert {len(order) for order in orders} == {8, 9}


def test_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FraudError, match="there is no folder"):
        to_file(1, END, 0, tmp_path / "no" / "orders.csv")
    with pytest.raises(FraudError, match=r"must end in \.jsonl"):
        to_file(1, END, 0, tmp_path / "orders.csv.gz")


@pytest.mark.stack
def test_an_hour_goes_to_kafka(stack: Settings, topic: str) -> None:
    made = to_kafka(1, END, 0, STREAM.model_copy(update={"topic": topic}), stack.kafka)
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = admin.list_offsets({TopicPartition(topic, partition): newest for partition in (0, 1)})
    assert sum(answer.result().offset for answer in asked.values()) == made.records == 1_000 + made.duplicates
