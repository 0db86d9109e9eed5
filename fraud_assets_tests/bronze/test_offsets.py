import json
from pathlib import Path

import pytest

from fraud_assets.bronze.offsets import BrokerUnreachable, committed, ends, lag
from fraud_assets.settings import Settings
from fraud_assets.sources.produce import ensure_topics, producer


def test_only_committed_batches_count(tmp_path: Path) -> None:
    assert committed(str(tmp_path)) == {}
    for batch, offsets in enumerate([{"0": 3, "1": 4}, {"0": 9, "1": 9}]):
        file = tmp_path / "offsets" / str(batch)
        file.parent.mkdir(exist_ok=True)
        file.write_text("v1\n" + json.dumps({"batchWatermarkMs": 0}) + "\n" + json.dumps({"t": offsets}))
    assert committed(str(tmp_path)) == {}
    (tmp_path / "commits").mkdir()
    (tmp_path / "commits/0").write_text("v1\n{}")
    (tmp_path / "commits/.0.crc").write_text("")
    assert committed(str(tmp_path)) == {0: 3, 1: 4}


def test_lag_never_counts_backwards() -> None:
    assert lag({0: 5, 1: 7}, {0: 5, 1: 4}) == 3
    assert lag({0: 5}, {}) == 5
    assert lag({0: 2}, {0: 5}) == 0


def test_a_broker_that_does_not_answer_is_named() -> None:
    with pytest.raises(BrokerUnreachable, match=r"Kafka at 127\.0\.0\.1:1 did not answer within 1 s"):
        ends("127.0.0.1:1", ["any"], timeout=1)


@pytest.mark.stack
def test_end_offsets_by_topic_and_partition(stack: Settings, topic: str) -> None:
    ensure_topics(stack.kafka, [topic], partitions=2)
    with producer(stack.kafka) as out:
        out.send(topic, [(str(number), "x") for number in range(20)])
    found = ends(stack.kafka, [topic, f"{topic}-absent"])
    assert sum(found[topic].values()) == 20
    assert set(found[topic]) == {0, 1}
    assert found[f"{topic}-absent"] == {}
