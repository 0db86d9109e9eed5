"""How the pipeline is doing: its runs and its errors."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True)
class Steps:
    """Steps that ran, and how many of them failed."""

    count: int
    failed: int


def runs(pipeline_runs: pl.LazyFrame, most: int = 50) -> pl.DataFrame:
    """The newest runs, newest first.

    Columns: run_id, job, status (failure if any step failed), started_at, seconds (from the first step's start to the
    last one's end), steps, failed (names of the failed steps).
    """
    failed = pl.col("status") == "failure"
    by_run = pipeline_runs.group_by("run_id").agg(
        pl.col("job").first(),
        pl.when(failed.any()).then(pl.lit("failure")).otherwise(pl.lit("success")).alias("status"),
        pl.col("started_at").min(),
        (pl.col("ended_at").max() - pl.col("started_at").min()).dt.total_milliseconds().truediv(1000).alias("seconds"),
        pl.len().alias("steps"),
        pl.col("step").filter(failed).sort().str.join(", ").alias("failed"),
    )
    return by_run.sort("started_at", descending=True).head(most).collect()


def steps(pipeline_runs: pl.LazyFrame, since: datetime | None) -> Steps:
    """Steps that ended after ``since`` (UTC); skipped ones do not count."""
    done = pipeline_runs.filter(pl.col("status") != "skipped")
    if since is not None:
        done = done.filter(pl.col("ended_at") > since)
    return Steps(*done.select(pl.len(), (pl.col("status") == "failure").sum().alias("failed")).collect().row(0))
