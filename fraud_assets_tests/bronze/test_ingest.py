import pytest
from pyspark.sql import SparkSession

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
        return ingest(spark, "cards", stream, bronze.TRANSACTIONS, tables, stack.kafka, 3).records

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
