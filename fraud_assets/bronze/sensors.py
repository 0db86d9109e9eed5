"""Dagster wiring of the Kafka sensor; what it decides is in ``watch.py``."""

import dagster as dg

from fraud_assets import wiring
from fraud_assets.bronze import offsets
from fraud_assets.bronze.watch import Backoff, Observation, decide
from fraud_assets.settings import settings
from fraud_assets.sources.source import Source, catalogue
from fraud_assets.tables import bronze

IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


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
            return dg.SensorResult(skip_reason=backoff.reason(), cursor=backoff.cursor())
        decisions = [decide(_observe(context.instance, job, source, ends)) for source in catalogue().values()]
        requests = [
            dg.RunRequest(
                run_key=decision.run_key, partition_key=decision.source, tags={"fraud/records": str(decision.records)}
            )
            for decision in decisions
            if decision.run_key
        ]
        skipped = "; ".join(decision.reason for decision in decisions)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(skipped),
            cursor=Backoff().cursor(),
        )

    return sensor


def _observe(instance: dg.DagsterInstance, job: str, source: Source, ends: dict[str, offsets.Offsets]) -> Observation:
    running = instance.get_runs(
        dg.RunsFilter(tags={wiring.PARTITION_TAG: source.name}, statuses=IN_FLIGHT, job_name=job), limit=1
    )
    lake = settings().lake
    read = {
        source.transactions.topic: offsets.committed(offsets.checkpoint(bronze.TRANSACTIONS, source.name, lake)),
        source.labels.topic: offsets.committed(offsets.checkpoint(bronze.LABELS, source.name, lake)),
    }
    return Observation(
        source.name, {topic: ends[topic] for topic in source.topics}, read, running[0].run_id if running else None
    )
