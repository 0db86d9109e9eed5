"""Where Kafka stands and how far bronze has read: the two sides the sensor compares."""

import json
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake

Offsets = dict[int, int]
"""The next offset by Kafka partition of one topic."""


class BrokerUnreachable(ConnectionError):
    """No broker answered in time."""


def checkpoint(table: Table, source: str, lake: Lake) -> str:
    """The streaming checkpoint of one source, inside the bronze table's folder where Delta ignores it."""
    return f"{lake.path(table)}/_checkpoints/{source}"


def committed(location: str) -> Offsets:
    """The offsets up to which a checkpoint's committed batches have read; empty before the first batch."""
    commits = sorted((int(f.name) for f in Path(location, "commits").glob("*") if f.name.isdigit()), reverse=True)
    if not commits:
        return {}
    log = Path(location, "offsets", str(commits[0])).read_text().splitlines()
    (partitions,) = json.loads(log[-1]).values()
    return {int(partition): int(offset) for partition, offset in partitions.items()}


def ends(kafka: str, topics: list[str], timeout: float = 5.0) -> dict[str, Offsets]:
    """The end offsets of each topic; a topic that does not exist has none.

    Raises:
        BrokerUnreachable: no broker answered within ``timeout`` seconds.
    """
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "fraud-offsets", "log_level": 0})
    try:
        found: dict[str, Offsets] = {}
        known = consumer.list_topics(timeout=timeout).topics
        for topic in topics:
            partitions = known[topic].partitions if topic in known else {}
            found[topic] = {
                partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=timeout)[1]
                for partition in partitions
            }
    except KafkaException as error:
        reason = error.args[0].str() if isinstance(error.args[0], KafkaError) else str(error)
        raise BrokerUnreachable(f"Kafka at {kafka} did not answer within {timeout:.0f} s ({reason})") from error
    else:
        return found
    finally:
        consumer.close()


def lag(end: Offsets, read: Offsets) -> int:
    """Records that Kafka has and bronze has not."""
    return sum(max(0, offset - read.get(partition, 0)) for partition, offset in end.items())
