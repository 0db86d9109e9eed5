"""kill -9 of the broker while records are being written to it and read from it: each arrives once."""

import threading

import polars as pl
import pytest

from fraud_assets.bronze.ingest import ingest
from fraud_assets.bronze.offsets import ends
from fraud_assets.declarations.tables import bronze
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.sources.produce import ensure_topics, producer
from fraud_assets_tests.faults.own_stack import OwnStack
from fraud_assets_tests.faults.pipeline_steps import CARDS
from fraud_assets_tests.faults.strikes import committed, struck

pytestmark = [pytest.mark.stack, pytest.mark.fault]

HALF = 4_000
AT_MOST = 1_000


def test_a_killed_broker_loses_nothing_and_doubles_nothing(own: OwnStack, faulty: Lake, topic: str) -> None:
    arrived = struck_in_traffic(own, faulty, topic)
    assert sum(ends(own.settings.kafka, [topic])[topic].values()) == 2 * HALF
    assert sorted(arrived) == list(range(2 * HALF))


def struck_in_traffic(own: OwnStack, lake: Lake, topic: str) -> list[int]:
    """Bronze's values when the numbers up to twice `HALF` were sent, each once, and the broker killed meanwhile."""
    servers, stream = own.settings.kafka, CARDS.transactions.model_copy(update={"topic": topic})
    ensure_topics(servers, [topic])

    def send(first: int) -> None:
        with producer(servers, linger_ms=1) as out:
            for number in range(first, first + HALF):
                out.send(topic, [(str(number), str(number))])

    def take() -> None:
        own.spark(lambda spark: ingest(spark, "cards", stream, bronze.TRANSACTIONS, lake, servers, AT_MOST))

    send(0)
    sending = threading.Thread(target=send, args=(HALF,))

    def strike() -> None:
        sending.start()
        own.kill("kafka")

    with struck(lake, committed(bronze.TRANSACTIONS), strike):
        take()
    own.whole(["kafka"])
    sending.join()
    take()
    ingested = reads.scan(bronze.TRANSACTIONS, lake)
    assert ingested is not None
    return ingested.select(pl.col("value").cast(pl.String).cast(pl.Int64)).collect()["value"].to_list()
