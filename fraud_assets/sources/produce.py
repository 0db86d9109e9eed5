"""Writing records to Kafka.

What belongs here: topics and the producer, for every simulator and for the replay of files. What the records say is
the business of whoever sends them.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as KafkaProducer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fraud_assets.errors import START, FraudError

PATIENCE_S = 5.0
"""Seconds to wait for a broker's first answer."""
DELIVERY_S = 60.0
"""Seconds a record may wait for the broker to confirm it, retries included."""

_QUIET = {"log_level": 2, "log.connection.close": False}  # librdkafka writes to standard error by itself
_SOON_S = 0.1


class Producer:
    """Sends records; `producer` makes one. A record that the broker did not confirm raises `FraudError`."""

    def __init__(self, servers: str, linger_ms: int) -> None:
        """Connect lazily to ``servers``; records wait up to ``linger_ms`` for others to be sent with them."""
        self._servers = servers
        self._failure: KafkaError | None = None
        self._kafka = KafkaProducer(
            {
                **_QUIET,
                "bootstrap.servers": servers,
                "enable.idempotence": True,
                "compression.type": "zstd",
                "linger.ms": linger_ms,
                "batch.size": 1 << 20,
                "queue.buffering.max.messages": 200_000,
                "message.timeout.ms": int(DELIVERY_S * 1000),
                "partitioner": "murmur2_random",  # the Java clients' choice: a key stays on one partition
                "delivery.report.only.error": True,
                "on_delivery": self._delivered,
            }
        )

    def send(self, topic: str, records: Iterable[tuple[str | bytes | None, str | bytes]]) -> int:
        """Queue ``records`` (key, value), waiting while the queue is full; returns how many."""
        count = 0
        for key, value in records:
            while True:
                try:
                    self._kafka.produce(topic, value, key)
                    break
                except BufferError:
                    self._kafka.poll(_SOON_S)
                    self._check()
            count += 1
        self._kafka.poll(0)
        self._check()
        return count

    def flush(self) -> None:
        """Wait until the broker has confirmed every record."""
        if left := self._kafka.flush(DELIVERY_S):
            raise FraudError(f"Kafka at {self._servers} did not confirm {left:,} records in {DELIVERY_S:.0f} s")
        self._check()

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        self._failure = self._failure or error

    def _check(self) -> None:
        if self._failure:
            raise FraudError(
                f"Kafka at {self._servers} did not take a record: {self._failure.str()}\nsee `fraud status`"
            )


@contextmanager
def producer(servers: str, linger_ms: int = 50) -> Iterator[Producer]:
    """A producer for ``servers``; on a normal end every record sent has been confirmed, else `FraudError`."""
    made = Producer(servers, linger_ms)
    yield made
    made.flush()


def ensure_topics(servers: str, topics: Iterable[str], partitions: int = 2) -> None:
    """Create those of ``topics`` that ``servers`` lacks; `FraudError` if no broker answers or one refuses."""
    admin = AdminClient({**_QUIET, "bootstrap.servers": servers})
    try:
        known = admin.list_topics(timeout=PATIENCE_S).topics
        missing = [NewTopic(topic, partitions) for topic in topics if topic not in known]
        for future in admin.create_topics(missing).values() if missing else ():
            _created(future)
    except KafkaException as error:
        reason: KafkaError = error.args[0]
        if reason.code() == KafkaError._TRANSPORT:
            raise FraudError(f"no Kafka broker answers at {servers}\n{START}, or set KAFKA_BOOTSTRAP_SERVERS") from None
        raise FraudError(f"Kafka at {servers} refused: {reason.str()}") from None


def _created(topic: "Future[None]") -> None:
    """Wait for a topic; that somebody else was a moment quicker is no error."""
    try:
        topic.result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
