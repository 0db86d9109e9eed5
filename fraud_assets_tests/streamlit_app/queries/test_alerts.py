"""The queue's filters and order, and the parts of a detail."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from streamlit_app.queries.alerts import Filter, customer_payments, merchant_alerts, one, queue, reasons
from streamlit_app.queries.overview import AsOf

NOW = datetime(2026, 3, 10, tzinfo=UTC)
AT = AsOf(NOW, NOW - timedelta(days=7))
ALERTS = pl.LazyFrame(
    {
        "transaction_id": ["a", "b", "c", "d"],
        "customer_id": ["C1", "C1", "C.2", "C2"],
        "merchant_id": ["m1", "m1", "m2", "m1"],
        "event_time": [NOW - timedelta(days=d) for d in (1, 2, 3, 30)],
        "amount": [10.0, 20.0, 30.0, 40.0],
        "score": [0.6, 0.95, 0.8, 0.7],
        "risk_level": ["medium", "critical", "high", "medium"],
        "decision": ["review", "block", "review", "review"],
    }
)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), "bcda"),
        (Filter(levels=("critical", "high")), "bc"),
        (Filter(since=NOW - timedelta(days=2)), "ba"),
        (Filter(at_least=25), "cd"),
        (Filter(text=" c1 "), "ba"),
        (Filter(text="C.2"), "c"),
        (Filter(text="M2"), "c"),
        (Filter(only_open=True), "bca"),
        (Filter(text="nobody"), ""),
    ],
)
def test_queue(wanted: Filter, ids: str) -> None:
    assert "".join(queue(ALERTS, None, wanted, AT)["transaction_id"]) == ids


def test_one() -> None:
    found = one(ALERTS, "c")
    assert found is not None
    assert found["amount"] == 30
    assert one(ALERTS, "no such payment") is None


def test_reasons_in_words() -> None:
    given = [
        {"feature": "amount", "value": 1234.5, "contribution": 2.0},
        {"feature": "time_is_night", "value": 1.0, "contribution": 0.5},
        {"feature": "merchant_mean_fraud_7d", "value": 0.25, "contribution": -1.0},
        {"feature": "unheard_of", "value": None, "contribution": 0.1},
    ]
    assert reasons({"reasons": given}, "EUR")["words"].to_list() == [
        "unheard_of: unknown",
        "from midnight to 06:59 UTC: yes",
        "share of fraud among the labels that became known in 7 days: 25.0%",
        "what was paid: 1,234.50 EUR",
    ]
    assert reasons({"reasons": None}).is_empty()


def test_customer_payments_are_theirs_and_around_the_time() -> None:
    scores = ALERTS.filter(pl.col("transaction_id") == "a")
    payments = ALERTS.drop("risk_level")
    found = customer_payments(payments, scores, "C1", NOW)
    assert found.select("transaction_id", "risk_level").rows() == [("b", "not scored"), ("a", "medium")]
    assert customer_payments(payments, None, "C2", NOW, days=7).is_empty()


def test_merchant_alerts_leave_this_one_out() -> None:
    assert merchant_alerts(ALERTS, "m1", "b")["transaction_id"].to_list() == ["a", "d"]
    assert merchant_alerts(ALERTS, "m1", "b", most=1).height == 1
