"""A topic of records that no producer should send: none stops a run, each is where it belongs, sound ones are whole."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.bronze.ingest import ingest
from fraud_assets.declarations.sources.source import catalogue, named
from fraud_assets.declarations.tables import Table, bronze, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.silver import step
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.silver.step import STREAMS, bronze_to_silver
from fraud_assets_tests.faults.poison import MEGABYTE, Poison, cards, everywhere
from fraud_assets_tests.lakes import copied
from fraud_assets_tests.pipeline import assert_conserved, run
from fraud_assets_tests.raw import records, send

pytestmark = [pytest.mark.stack, pytest.mark.slow]

LARGEST = 12 * MEGABYTE
SOURCES = sorted(catalogue())


@pytest.fixture
def poisoned(stack: Settings, topic: str) -> Iterator[str]:
    """A topic with one record of every kind of poison; its name."""
    admin = AdminClient({"bootstrap.servers": stack.kafka, "log_level": 0})
    admin.create_topics([NewTopic(topic, 1, 1, config={"max.message.bytes": str(LARGEST)})])[topic].result()
    out = Producer({"bootstrap.servers": stack.kafka, "message.max.bytes": LARGEST, "enable.idempotence": True})
    for poison in cards():
        out.produce(topic, poison.value, poison.key)
    assert out.flush(60) == 0
    yield topic
    admin.delete_topics([topic])[topic].result()


def test_each_poisoned_record_is_where_it_belongs(
    stack: Settings, spark: SparkSession, tables: Lake, poisoned: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = named("cards").transactions.model_copy(update={"topic": poisoned})
    result = ingest(spark, "cards", stream, bronze.TRANSACTIONS, tables, stack.kafka, 1_000_000)
    assert result.written[bronze.TRANSACTIONS] == len(cards())
    other = copied(tables, Path(f"{tables.root}-other"))
    run(spark, tables)
    assert_conserved(tables)
    monkeypatch.setattr(step, "IN_PROCESS_ROWS", 0)
    bronze_to_silver(spark, named("cards"), "transactions", other)
    for lake in (tables, other):
        assert misplaced(lake, cards()) == {}
    assert_frame_equal(payments(tables), payments(other))


def payments(lake: Lake) -> pl.DataFrame:
    """What silver took, without the times of writing."""
    return rows(silver.TRANSACTIONS, lake).drop("ingested_at", "processed_at").sort("offset")


def misplaced(lake: Lake, sent: list[Poison]) -> dict[str, list[str]]:
    """The records that quarantine has with other reasons than it should, none for those not in it."""
    reasons = dict(rows(silver.QUARANTINE, lake).select("offset", "reasons").iter_rows())
    found = {poison: reasons.get(offset, []) for offset, poison in enumerate(sent)}
    return {poison.name: why for poison, why in found.items() if sorted(why) != sorted(poison.reasons)}


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    return frame.collect()


@pytest.mark.parametrize("source", SOURCES)
def test_no_record_stops_a_source(spark: SparkSession, tables: Lake, source: str) -> None:
    described = named(source)
    for stream in STREAMS:
        values = list(everywhere(getattr(described, stream)))
        send(tables, stream, records(values), source)
        assert bronze_to_silver(spark, described, stream, tables).read[STREAMS[stream][0]] == len(values)
    assert all(stream.balanced for stream in reconcile(source, tables))
