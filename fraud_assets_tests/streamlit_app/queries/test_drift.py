"""The newest comparison and a feature's history."""

from datetime import UTC, datetime

import polars as pl

from streamlit_app.queries.drift import history, newest

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
DRIFT = pl.LazyFrame(
    {
        "model_version": [1, 2, 2, 2, 2],
        "feature": ["amount", "amount", "score", "amount", "score"],
        "psi": [0.9, 0.2, 0.0, 0.3, 0.11],
        "window_start": [EARLY] * 5,
        "window_end": [LATE, EARLY, EARLY, LATE, LATE],
        "rows": [10] * 5,
    }
)


def test_newest_is_the_last_window_of_the_newest_model() -> None:
    found = newest(DRIFT)
    assert found.select("feature", "psi", "reading").rows() == [("score", 0.11, "moderate"), ("amount", 0.3, "major")]
    assert newest(DRIFT.head(0)).is_empty()


def test_history_goes_forward_in_time() -> None:
    assert history(DRIFT, "amount")["psi"].to_list() == [0.2, 0.9, 0.3]
