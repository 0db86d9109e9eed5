"""Dagster wiring of the Kafka sensor; what it decides is in ``watch.py``."""

from collections.abc import Sequence
from itertools import takewhile

import dagster as dg
from deltalake import DeltaTable

from fraud_assets.bronze import offsets
from fraud_assets.bronze.watch import Backoff, Failed, Observation, decide
from fraud_assets.declarations.sources.source import Source, catalogue
from fraud_assets.declarations.tables import Table, bronze
from fraud_assets.lake.location import Lake
from fraud_assets.logs import logger
from fraud_assets.orchestration import run_status
from fraud_assets.settings import settings

_LOG = logger(__name__)

MOST_FAILURES = 8
"""Failed runs in a row that are counted: the wait for the next try grows no more by then."""


def kafka_sensor(job: str) -> dg.SensorDefinition:
    """A sensor that starts a run of the job for each source whose topics hold records bronze has not."""

    @dg.sensor(
        name="kafka_sensor",
        job_name=job,
        minimum_interval_seconds=4,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a refresh for each source with records in Kafka that bronze has not read",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        backoff = Backoff.from_cursor(context.cursor)
        if backoff.waiting():
            return dg.SensorResult(skip_reason=backoff.reason())
        topics = [topic for source in catalogue().values() for topic in source.topics]
        try:
            ends = offsets.ends(settings().kafka, topics, timeout=3)
        except offsets.BrokerUnreachable as error:
            backoff = backoff.failed(str(error))
            _LOG.warning("Kafka did not answer", error=str(error))
            return dg.SensorResult(skip_reason=backoff.reason(), cursor=backoff.cursor())
        logs = {table: Lake.of(settings()).opened(table) for table in (bronze.TRANSACTIONS, bronze.LABELS)}
        decisions = [decide(_observe(context.instance, job, source, ends, logs)) for source in catalogue().values()]
        requests = [
            dg.RunRequest(
                run_key=decision.run_key, partition_key=decision.source, tags={"fraud/records": str(decision.records)}
            )
            for decision in decisions
            if decision.run_key
        ]
        for request in requests:
            _LOG.info("refresh requested", source=request.partition_key, records=request.tags["fraud/records"])
        skipped = "; ".join(decision.reason for decision in decisions)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(skipped),
            cursor=Backoff().cursor(),
        )

    return sensor


def _observe(
    instance: dg.DagsterInstance,
    job: str,
    source: Source,
    ends: dict[str, offsets.Offsets],
    logs: dict[Table, DeltaTable | None],
) -> Observation:
    mine = {run_status.PARTITION_TAG: source.name}
    newest = instance.get_run_records(dg.RunsFilter(tags=mine, job_name=job), limit=MOST_FAILURES)
    topics = {source.transactions.topic: bronze.TRANSACTIONS, source.labels.topic: bronze.LABELS}
    read = {topic: offsets.committed(logs[table], source.name, topic) for topic, table in topics.items()}
    return Observation(
        source.name,
        {topic: ends[topic] for topic in source.topics},
        read,
        run_status.in_flight(instance, job, source.name),
        _failed(newest),
    )


def _failed(newest: Sequence[dg.RunRecord]) -> Failed | None:
    """The newest of a source's runs if it failed, and how many before it did; newest first."""
    failures = list(takewhile(lambda record: record.dagster_run.status is dg.DagsterRunStatus.FAILURE, newest))
    if not failures:
        return None
    return Failed(failures[0].dagster_run.run_id, failures[0].end_time or 0.0, len(failures))
