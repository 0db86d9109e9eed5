"""Kafka's end offsets and the offsets that bronze has committed: what the sensor compares.

Committed offsets stand in the bronze table's own Delta log, a transaction identifier for each Kafka partition:
``kafka/<source>/<topic>/<partition>`` (decision 0019).
"""

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from deltalake import CommitProperties, DeltaTable, Transaction

from fraud_assets.lake import writing

Offsets = dict[int, int]
"""The next offset by Kafka partition of one topic."""


class BrokerUnreachable(ConnectionError):
    """No broker answered in time."""


def committed(log: DeltaTable | None, source: str, topic: str) -> Offsets:
    """The offsets up to which the bronze table with this log has read the topic; empty before the first ingest."""
    found: Offsets = {}
    if log is None:
        return found
    while (offset := log.transaction_version(_identifier(source, topic, len(found)))) is not None:
        found[len(found)] = int(offset)  # Kafka numbers a topic's partitions from 0 on
    return found


def commit(log: DeltaTable, source: str, topic: str, offsets: Offsets) -> None:
    """Record the offsets in the bronze table's log, where they differ from those that it has."""
    if offsets != committed(log, source, topic):
        marks = [Transaction(_identifier(source, topic, partition), offset) for partition, offset in offsets.items()]
        writing.commit(log, CommitProperties(app_transactions=marks))


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
    """Records that Kafka has and bronze has not read."""
    return sum(max(0, offset - read.get(partition, 0)) for partition, offset in end.items())


def _identifier(source: str, topic: str, partition: int) -> str:
    return f"kafka/{source}/{topic}/{partition}"
