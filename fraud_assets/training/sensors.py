"""Dagster wiring of retraining before its time; the decision is in retraining.py."""

from datetime import UTC, datetime

import dagster as dg

from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.lake.location import Lake
from fraud_assets.logs import logger
from fraud_assets.settings import settings

_LOG = logger(__name__)


def retraining_sensor(job: str) -> dg.SensorDefinition:
    """A sensor that starts a run of the job for each source with enough new labels or drift."""

    @dg.sensor(
        name="retraining_sensor",
        job_name=job,
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a training for each source with enough new labels or drift; see retrain in its file",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from fraud_assets.training.promote.retraining import decide, observe

        requests, reasons, now = [], [], datetime.now(UTC)
        for source in catalogue().values():
            seen = observe(source, Lake.of(settings()))
            if seen is None:
                reasons.append(f"{source.name}: no model yet")
                continue
            decision = decide(seen, source.model.retrain, now)
            reasons.append(decision.reason)
            if decision.run_key:
                _LOG.info("training requested", source=source.name, reason=decision.reason)
                tags = {"fraud/reason": decision.reason}
                requests.append(dg.RunRequest(run_key=decision.run_key, partition_key=source.name, tags=tags))
        skipped = None if requests else dg.SkipReason("; ".join(reasons))
        return dg.SensorResult(run_requests=requests, skip_reason=skipped)

    return sensor
