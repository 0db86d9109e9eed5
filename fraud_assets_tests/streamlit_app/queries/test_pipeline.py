"""Runs made of steps, and error counts."""

from datetime import UTC, datetime, timedelta

import polars as pl

from streamlit_app.queries.pipeline import Steps, runs, steps

START = datetime(2026, 1, 1, tzinfo=UTC)
RUNS = pl.LazyFrame(
    {
        "run_id": ["one", "one", "two", "two", "two"],
        "job": ["refresh"] * 5,
        "step": ["a", "b", "a", "b", "c"],
        "status": ["success", "success", "success", "failure", "skipped"],
        "started_at": [START + timedelta(seconds=s) for s in (0, 2, 60, 61, 64)],
        "ended_at": [START + timedelta(seconds=s) for s in (2, 5, 61, 64, 64)],
    }
)


def test_runs_are_newest_first_and_fail_with_any_step() -> None:
    found = runs(RUNS).select("run_id", "status", "seconds", "steps", "failed").rows()
    assert found == [("two", "failure", 4.0, 3, "b"), ("one", "success", 5.0, 2, "")]


def test_steps_leave_skipped_ones_out() -> None:
    assert steps(RUNS, None) == Steps(4, 1)
    assert steps(RUNS, START + timedelta(seconds=61)) == Steps(1, 1)
