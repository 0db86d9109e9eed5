"""Dagster's record of its runs as rows of gold.pipeline_runs.

What belongs here: how a finished run and its steps become rows, and which runs the table lacks. Asking Dagster for them
is in assets.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from fraud_assets.declarations.tables import gold
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake

WHOLE_RUN = "run"
"""The step of a run that ended before any of its steps began."""

STATUSES = {"SUCCESS": "success", "FAILURE": "failure", "SKIPPED": "skipped"}
_TIME = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,
    "run_id": pl.String,
    "job": pl.String,
    "step": pl.String,
    "status": pl.String,
    "started_at": _TIME,
    "ended_at": _TIME,
    "seconds": pl.Float64,
}


@dataclass(frozen=True)
class Step:
    """A step as Dagster counts it; ``status`` is Dagster's, times are seconds since 1970."""

    key: str
    status: str
    start: float | None
    end: float | None


@dataclass(frozen=True)
class Run:
    """A finished run; ``ended`` is when Dagster recorded its end."""

    run_id: str
    job: str
    succeeded: bool
    started: float | None
    ended: float
    steps: Sequence[Step]


def rows(source: str, runs: Iterable[Run]) -> pl.DataFrame:
    """A row of gold.pipeline_runs for each step of the runs, in the order they ended.

    A step that was cut off is a failure that ended with its run; a run without steps is one step named `WHOLE_RUN`.
    """
    found = [_row(source, run, step) for run in runs for step in _steps(run)]
    return pl.DataFrame(found, schema=_SCHEMA, orient="row").sort("ended_at")


def newest(source: str, lake: Lake) -> datetime | None:
    """Until when the table knows the source's runs; None when it knows none."""
    return reads.newest_time(gold.PIPELINE_RUNS, lake, source)


def unknown(source: str, created: Mapping[str, datetime], lake: Lake) -> set[str]:
    """Those runs that the table does not have; ``created`` gives when (UTC) each run was created, by its id."""
    known = reads.scan(gold.PIPELINE_RUNS, lake)
    if known is None or not created:
        return set(created)
    since = pl.col("ended_at") >= min(created.values())
    found = known.filter(pl.col("source") == source, since).select(pl.col("run_id").unique()).collect()
    return set(created) - set(found["run_id"])


def _steps(run: Run) -> Sequence[Step]:
    return run.steps or [Step(WHOLE_RUN, "SUCCESS" if run.succeeded else "FAILURE", run.started, run.ended)]


def _row(source: str, run: Run, step: Step) -> tuple[object, ...]:
    end = min(step.end or run.ended, run.ended)
    start = step.start
    return (
        source,
        run.run_id,
        run.job,
        step.key.replace("__", "/"),
        STATUSES.get(step.status, "failure"),
        _moment(start) if start is not None else None,
        _moment(end),
        end - start if start is not None else None,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
