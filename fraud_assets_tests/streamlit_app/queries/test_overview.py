"""Totals and lines over a handful of payments whose answers are plain to see."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from streamlit_app.queries.overview import AsOf, Open, at_risk, decisions, judged, payments, settled, volume

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
AT = AsOf(NOW, NOW - timedelta(days=7))
UTC_TIME = pl.Datetime("us", "UTC")


def _days_ago(*days: float) -> list[datetime]:
    return [NOW - timedelta(days=d) for d in days]


PAYMENTS = pl.LazyFrame(
    {
        "transaction_id": ["old fraud", "old", "revised", "young", "young fraud"],
        "event_time": _days_ago(20, 15, 10, 2, 1),
        "amount": [1.0, 10.0, 100.0, 1000.0, 10000.0],
        "currency": ["EUR"] * 5,
    }
)
LABELS = pl.LazyFrame(
    {
        "transaction_id": ["old fraud", "revised", "revised", "young fraud", "young"],
        "is_fraud": [True, True, False, True, True],
        "known_at": [*_days_ago(13, 3, 1, 0.5), NOW + timedelta(days=1)],
    }
)


def test_payments() -> None:
    found = payments(PAYMENTS)
    assert (found.count, found.newest, found.currency) == (5, NOW - timedelta(days=1), "EUR")
    assert payments(PAYMENTS.with_columns(currency=pl.Series(["EUR", "USD", "EUR", "EUR", None]))).currency == ""
    assert payments(PAYMENTS.head(0)).newest is None


def test_decisions_count_what_was_not_approved() -> None:
    scores = pl.LazyFrame({"decision": ["approve", "review", "block"], "decided_at": _days_ago(3, 1, 2)})
    found = decisions(scores)
    assert (found.count, found.flagged, found.newest) == (3, 2, NOW - timedelta(days=1))


def test_a_label_counts_from_when_it_is_known_and_in_its_newest_revision() -> None:
    found = dict(judged(PAYMENTS, LABELS, AT).select("transaction_id", "label").collect().iter_rows())
    assert found == {
        "old fraud": "fraud", "old": "genuine", "revised": "genuine", "young": "open", "young fraud": "fraud"
    }  # fmt: skip


def test_verdicts_are_of_settled_payments() -> None:
    found = settled(PAYMENTS, LABELS, AT)
    assert (found.count, found.fraud) == (3, 1)
    assert settled(PAYMENTS, None, AT).fraud == 0


def test_money_at_risk_is_that_of_open_alerts() -> None:
    assert at_risk(PAYMENTS, LABELS, AT) == Open(5, 1, 1000.0)
    assert at_risk(PAYMENTS, None, AT) == Open(5, 2, 11000.0)


@pytest.mark.parametrize(("days", "rows", "first"), [(1, 25, datetime(2026, 3, 9, 12)), (30, 31, datetime(2026, 2, 8))])
def test_volume_has_every_hour_or_day(days: int, rows: int, first: datetime) -> None:
    found = volume(PAYMENTS, PAYMENTS.head(1), NOW, days)
    assert found.height == rows
    assert found["time"][0] == first.replace(tzinfo=UTC)
    assert found["time"].is_sorted()
    assert (found["payments"].sum(), found["alerts"].sum()) == ((1, 0) if days == 1 else (5, 1))
    assert volume(PAYMENTS, None, NOW, days)["alerts"].sum() == 0
