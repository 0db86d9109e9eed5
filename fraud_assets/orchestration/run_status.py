"""Runs in Dagster's instance: how they are tagged with a source, and whether one is still in flight."""

import dagster as dg

PARTITION_TAG = "dagster/partition"
"""The tag that holds a run's source."""

IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def in_flight(instance: dg.DagsterInstance, job: str, source: str) -> str | None:
    """The id of a run of the job for the source that has not ended; None without any."""
    running = dg.RunsFilter(tags={PARTITION_TAG: source}, statuses=IN_FLIGHT, job_name=job)
    return next((run.run_id for run in instance.get_runs(running, limit=1)), None)
