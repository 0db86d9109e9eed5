import polars as pl
import pytest

from fraud_assets.bronze import offsets
from fraud_assets.bronze.offsets import BrokerUnreachable, ends, lag
from fraud_assets.declarations.tables import bronze
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.sources.produce import ensure_topics, producer


def test_offsets_stand_in_the_tables_log(lake: Lake) -> None:
    assert offsets.committed(lake.opened(bronze.TRANSACTIONS), "cards", "payments") == {}
    pl.DataFrame({"offset": [1]}).write_delta(lake.path(bronze.TRANSACTIONS))
    offsets.commit(lake.log(bronze.TRANSACTIONS), "cards", "payments", {0: 3, 1: 4})
    offsets.commit(lake.log(bronze.TRANSACTIONS), "shop", "payments", {0: 7})
    offsets.commit(lake.log(bronze.TRANSACTIONS), "cards", "payments", {0: 9, 1: 4})
    log = lake.log(bronze.TRANSACTIONS)
    assert offsets.committed(log, "cards", "payments") == {0: 9, 1: 4}
    assert offsets.committed(log, "shop", "payments") == {0: 7}
    offsets.commit(log, "cards", "payments", {0: 9, 1: 4})
    assert lake.log(bronze.TRANSACTIONS).version() == log.version()


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
