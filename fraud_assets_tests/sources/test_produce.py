from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from fraud_assets.errors import FraudError
from fraud_assets.settings import settings
from fraud_assets.sources.produce import ensure_topics, producer


def test_unconfirmed_records_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fraud_assets.sources.produce.DELIVERY_S", 1.0)
    with pytest.raises(FraudError, match=r"Kafka at 127.0.0.1:1 did not"), producer("127.0.0.1:1") as out:
        assert out.send("anything", [("key", "value")]) == 1


@pytest.mark.stack
def test_topics_are_made_once(stack: object) -> None:
    servers, topic = settings().kafka, f"test-{uuid4()}"
    admin = AdminClient({"bootstrap.servers": servers})
    ensure_topics(servers, [topic], partitions=3)
    ensure_topics(servers, [topic], partitions=5)
    assert len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == 3
    admin.delete_topics([topic])[topic].result()


@pytest.mark.stack
def test_a_bad_topic_name_is_said_in_one_line(stack: object) -> None:
    with pytest.raises(FraudError, match=r"refused: .*Topic name is invalid"):
        ensure_topics(settings().kafka, ["not a topic"])
