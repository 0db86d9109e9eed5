"""Runs made of steps, error counts, and raw bytes made safe to look at."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlit_app.queries.pipeline import Steps, as_text, by_reason, put_aside, runs, steps

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


def test_runs_are_newest_first_and_fail_with_any_step():
    found = runs(RUNS).select("run_id", "status", "seconds", "steps", "failed").rows()
    assert found == [("two", "failure", 4.0, 3, "b"), ("one", "success", 5.0, 2, "")]


def test_steps_leave_skipped_ones_out():
    assert steps(RUNS, None) == Steps(4, 1)
    assert steps(RUNS, START + timedelta(seconds=61)) == Steps(1, 1)


def test_quarantine():
    kept = pl.LazyFrame(
        {
            "stream": ["transactions"] * 2,
            "reasons": [["not JSON"], ["not JSON", "amount is negative"]],
            "partition": [0, 0],
            "offset": [1, 2],
            "value": [b"\xff", None],
            "quarantined_at": [START, START + timedelta(seconds=1)],
        }
    )
    assert by_reason(kept).select("reason", "records").rows() == [("not JSON", 2), ("amount is negative", 1)]
    latest = put_aside(kept)
    assert latest["value"].to_list() == ["(no value)", "\\xff"]
    assert latest["reasons"][0] == "not JSON; amount is negative"


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b'{"a": 1}', '{"a": 1}'), (b"\xff\x00a\n", "\\xff\\x00a\\n"), ("é\u202e".encode(), "é\\u202e"), (b"", "")],
)
def test_as_text(raw, text):
    assert as_text(raw) == text


def test_as_text_says_when_it_was_cut():
    assert as_text(b"x" * 1500, most=3) == "xxx … (1,500 bytes)"


@given(st.binary(max_size=600))
def test_as_text_is_printable_whatever_comes(raw):
    assert as_text(raw).isprintable()
