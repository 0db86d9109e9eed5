from dataclasses import replace

import dagster as dg
import pytest
from pyspark.sql import SparkSession

from fraud_assets.bronze import offsets, sensors
from fraud_assets.bronze.ingest import ingest
from fraud_assets.bronze.watch import Backoff
from fraud_assets.declarations.sources.source import Source, named
from fraud_assets.declarations.tables import bronze
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import run_status
from fraud_assets.settings import Settings
from fraud_assets.sources.produce import ensure_topics, producer

JOB = "refresh"


@pytest.fixture
def cards(topic: str, monkeypatch: pytest.MonkeyPatch) -> Source:
    """The cards source on topics of the test's own, the only source there is."""
    given = named("cards")
    streams = {
        name: getattr(given, name).model_copy(update={"topic": f"{topic}-{name}"})
        for name in ("transactions", "labels")
    }
    source = given.model_copy(update=streams)
    monkeypatch.setattr(sensors, "catalogue", lambda: {"cards": source})
    return source


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    context = dg.build_sensor_context(instance, cursor)
    result = sensors.kafka_sensor(JOB)(context)
    assert isinstance(result, dg.SensorResult)
    return result


def reason(result: dg.SensorResult) -> str:
    skipped = result.skip_reason
    return str(skipped.skip_message if isinstance(skipped, dg.SkipReason) else skipped)


def test_a_lost_broker_is_named_and_asked_less_and_less(
    cards: Source, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def lost(kafka: str, *_: object, **__: object) -> None:
        asked.append(kafka)
        raise offsets.BrokerUnreachable(f"Kafka at {kafka} did not answer")

    monkeypatch.setattr(sensors.offsets, "ends", lost)
    with dg.DagsterInstance.ephemeral() as instance:
        first = tick(instance)
        early = tick(instance, first.cursor)
        assert len(asked) == 1
        due = replace(Backoff.from_cursor(first.cursor), retry_at=0.0)
        second = tick(instance, due.cursor())
    assert "did not answer; failure 1, next try in 5 s" in reason(first)
    assert "failure 1" in reason(early)
    assert "failure 2, next try in 10 s" in reason(second)
    assert len(asked) == 2


@pytest.mark.parametrize("status", [s for s in run_status.IN_FLIGHT if s is not dg.DagsterRunStatus.QUEUED])
def test_never_two_runs_in_flight(
    cards: Source, lake: Lake, monkeypatch: pytest.MonkeyPatch, status: dg.DagsterRunStatus
) -> None:
    monkeypatch.setattr(sensors.offsets, "ends", lambda *_, **__: {topic: {0: 3} for topic in cards.topics})
    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.DagsterRun(JOB, run_id="0" * 36, status=status, tags={run_status.PARTITION_TAG: "cards"})
        instance.add_run(run)
        result = tick(instance)
        assert not result.run_requests
        assert "in flight" in reason(result)
        instance.delete_run(run.run_id)
        assert len(tick(instance).run_requests or []) == 1


def test_a_failed_run_is_tried_again_without_new_records(
    cards: Source, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors.offsets, "ends", lambda *_, **__: {topic: {0: 3} for topic in cards.topics})
    monkeypatch.setattr(sensors.offsets, "committed", lambda *_: {0: 3})
    with dg.DagsterInstance.ephemeral() as instance:
        assert "bronze has read everything" in reason(tick(instance))
        mine = {run_status.PARTITION_TAG: "cards"}
        for number, status in enumerate((dg.DagsterRunStatus.SUCCESS, *[dg.DagsterRunStatus.FAILURE] * 2)):
            instance.add_run(dg.DagsterRun(JOB, run_id=str(number) * 36, status=status, tags=mine))
        (request,) = tick(instance).run_requests or []
        assert request.run_key == f"cards-after-{'2' * 36}"
        instance.add_run(
            dg.DagsterRun(
                JOB, run_id="3" * 36, status=dg.DagsterRunStatus.SUCCESS, tags={run_status.PARTITION_TAG: "cards"}
            )
        )
        assert "bronze has read everything" in reason(tick(instance))


def test_another_sources_run_does_not_hold_this_one_up(
    cards: Source, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors.offsets, "ends", lambda *_, **__: {topic: {0: 3} for topic in cards.topics})
    with dg.DagsterInstance.ephemeral() as instance:
        started = dg.DagsterRunStatus.STARTED
        instance.add_run(dg.DagsterRun(JOB, run_id="0" * 36, status=started, tags={run_status.PARTITION_TAG: "shop"}))
        assert len(tick(instance).run_requests or []) == 1


@pytest.mark.stack
def test_records_in_kafka_start_one_run(stack: Settings, spark: SparkSession, cards: Source, tables: Lake) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert "do not exist yet" in reason(tick(instance))

        ensure_topics(stack.kafka, cards.topics)
        with producer(stack.kafka) as out:
            out.send(cards.transactions.topic, [("a", "1"), ("b", "2"), ("c", "3")])
        (request,) = tick(instance).run_requests or []
        assert request.partition_key == "cards"
        assert request.tags["fraud/records"] == "3"
        assert [again.run_key for again in tick(instance).run_requests or []] == [request.run_key]

        for stream, table in ((cards.transactions, bronze.TRANSACTIONS), (cards.labels, bronze.LABELS)):
            result = ingest(spark, "cards", stream, table, tables, stack.kafka, 2)
            ends = offsets.ends(stack.kafka, [stream.topic])[stream.topic]
            assert result.notes["offsets_before"] == {}
            recorded = offsets.committed(tables.log(table), "cards", stream.topic)
            assert result.notes["offsets_after"] == recorded == ends
            assert result.written[table] == sum(ends.values())
            assert offsets.lag(ends, recorded) == 0
        assert "bronze has read everything" in reason(tick(instance))

        with producer(stack.kafka) as out:
            out.send(cards.transactions.topic, [("a", "4")])
        (later,) = tick(instance).run_requests or []
        assert later.run_key != request.run_key
        assert later.tags["fraud/records"] == "1"
