import pytest
from confluent_kafka import Producer
from pyspark.sql import SparkSession

from fraud_assets.bronze import offsets
from fraud_assets.bronze.ingest import ingest
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.sources.produce import ensure_topics, producer

pytestmark = pytest.mark.stack

SENT: list[tuple[str | None, str | bytes]] = [("k", '{"a": 1}'), (None, b"\xff\x00"), ("k", ""), ("z", "last")]


def test_every_record_arrives_once_byte_for_byte(
    stack: Settings, spark: SparkSession, tables: Lake, topic: str
) -> None:
    stream = named("cards").transactions.model_copy(update={"topic": topic})
    ensure_topics(stack.kafka, [topic], partitions=1)
    with producer(stack.kafka) as out:
        out.send(topic, SENT)

    def take() -> int:
        return ingest(spark, "cards", stream, bronze.TRANSACTIONS, tables, stack.kafka, 3).written[bronze.TRANSACTIONS]

    assert [take(), take()] == [4, 0]
    frame = reads.scan(bronze.TRANSACTIONS, tables)
    assert frame is not None
    held = frame.sort("offset").collect()
    assert held["value"].to_list() == [v.encode() if isinstance(v, str) else v for _, v in SENT]
    assert held["key"].to_list() == [k.encode() if k else None for k, _ in SENT]
    assert held["offset"].to_list() == [0, 1, 2, 3]
    assert set(held["topic"]) == {topic}
    assert set(held["source"]) == {"cards"}
    assert held["kafka_time"].null_count() == held["ingested_at"].null_count() == 0


def test_a_transactions_markers_are_no_lag(stack: Settings, spark: SparkSession, tables: Lake, topic: str) -> None:
    stream = named("cards").transactions.model_copy(update={"topic": topic})
    ensure_topics(stack.kafka, [topic], partitions=2)
    out = Producer({"bootstrap.servers": stack.kafka, "transactional.id": topic, "enable.idempotence": True})
    out.init_transactions(30)
    for _ in range(2):
        out.begin_transaction()
        for partition in (0, 1):
            out.produce(topic, b"{}", partition=partition)
        out.commit_transaction(30)

    result = ingest(spark, "cards", stream, bronze.TRANSACTIONS, tables, stack.kafka, 3)

    (end,) = offsets.ends(stack.kafka, [topic]).values()
    assert result.written[bronze.TRANSACTIONS] == 4
    assert sum(end.values()) > 4  # each transaction ends with a marker, which has an offset
    assert offsets.committed(tables.log(bronze.TRANSACTIONS), "cards", topic) == end


def test_a_run_that_died_before_it_recorded_the_offsets_is_completed(
    stack: Settings, spark: SparkSession, tables: Lake, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = named("cards").transactions.model_copy(update={"topic": topic})
    ensure_topics(stack.kafka, [topic], partitions=1)
    with producer(stack.kafka) as out:
        out.send(topic, SENT)
    with monkeypatch.context() as patch:
        patch.setattr(offsets, "commit", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ingest(spark, "cards", stream, bronze.TRANSACTIONS, tables, stack.kafka, 3)
    assert offsets.committed(tables.log(bronze.TRANSACTIONS), "cards", topic) == {}

    result = ingest(spark, "cards", stream, bronze.TRANSACTIONS, tables, stack.kafka, 3)
    assert result.written[bronze.TRANSACTIONS] == 0
    assert offsets.committed(tables.log(bronze.TRANSACTIONS), "cards", topic) == {0: 4}
    assert reads.count(bronze.TRANSACTIONS, tables) == 4
