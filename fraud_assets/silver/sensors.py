"""Dagster wiring of the quarantine's sensor; what silver is to read again is in ``replays.py``."""

import dagster as dg

from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.declarations.tables import silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.logs import logger
from fraud_assets.orchestration import run_status
from fraud_assets.settings import settings
from fraud_assets.silver import replays

_LOG = logger(__name__)


def quarantine_sensor(job: str) -> dg.SensorDefinition:
    """A sensor that starts a run of the job for each source of which people fixed or replayed records."""

    @dg.sensor(
        name="quarantine_sensor",
        job_name=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a refresh for each source with quarantined records that silver is to read again",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        lake = Lake.of(settings())
        version = reads.version(silver.QUARANTINE_ACTIONS, lake)
        if not version:
            return dg.SensorResult(skip_reason="nobody has acted on the quarantine yet")
        waiting = {name: count for name in catalogue() if (count := replays.waiting(name, lake))}
        busy = {name for name in waiting if run_status.in_flight(context.instance, job, name)}
        requests = [
            dg.RunRequest(run_key=f"{name}-quarantine-{version}", partition_key=name)
            for name in waiting
            if name not in busy
        ]
        for request in requests:
            _LOG.info("refresh requested", source=request.partition_key, records=waiting[str(request.partition_key)])
        skipped = "; ".join(f"{name}: a run is in flight; {waiting[name]} records wait" for name in sorted(busy))
        return dg.SensorResult(
            run_requests=requests, skip_reason=None if requests else skipped or "no record is to be read again"
        )

    return sensor
