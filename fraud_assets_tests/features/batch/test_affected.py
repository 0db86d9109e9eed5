"""What a small increment recomputes is all that changed, and right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.features.batch.affected import affected_rows
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.batch.plan import Plan, widened
from fraud_assets.features.inputs.row import SIGNALS, Facts

POSITIONS = ("customer_latitude", "customer_longitude", "merchant_latitude", "merchant_longitude")
START = datetime(2026, 1, 1, tzinfo=UTC)
DELAY = timedelta(days=7)
PLAN = Plan(DELAY, facts=Facts(began=START))
TIME = pl.Datetime("us", "UTC")
PAYMENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,
    "transaction_id": pl.String,
    "event_time": TIME,
    "customer_id": pl.String,
    "merchant_id": pl.String,
    "amount": pl.Float64,
    "kafka_time": TIME,
    **dict.fromkeys(POSITIONS, pl.Float64),
    "ip": pl.String,
    "country": pl.String,
    "category": pl.String,
    "signals": SIGNALS,
}
LABEL: dict[str, pl.DataType | type[pl.DataType]] = {
    "transaction_id": pl.String,
    "is_fraud": pl.Boolean,
    "known_at": TIME,
}

days = st.integers(0, 120).map(lambda day: START + timedelta(days=day))
payment = st.tuples(days, st.sampled_from("AB"), st.sampled_from("XY"), st.integers(1, 9))
label = st.tuples(st.integers(0, 24), st.booleans(), st.integers(-45, 60))


def paid(drawn: list[Any]) -> pl.DataFrame:
    rows = [
        ("s", f"T{number:02}", at, customer, merchant, float(amount), at, 1.0, 2.0, 3.0, float(amount),
         "10.0.0.1", "DE" if amount % 3 else None, "travel", {"V1": float(amount), "V2": 2.0})
        for number, (at, customer, merchant, amount) in enumerate(drawn)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=PAYMENT, orient="row")


def told(drawn: list[Any], verdicts: list[Any]) -> pl.DataFrame:
    labels = {
        (f"T{number:02}", drawn[number][0] + timedelta(days=after)): fraud
        for number, fraud, after in verdicts
        if number < len(drawn)
    }
    return pl.DataFrame([(name, fraud, at) for (name, at), fraud in labels.items()], schema=LABEL, orient="row")


def whole(payments: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    computed = evaluate(payments, labels, int(DELAY.total_seconds()), facts=PLAN.facts)
    return widened(computed).select("transaction_id", *NAMES).sort("transaction_id")


befallen = st.sampled_from(["nothing", "arrived", "corrected", "deleted"])


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(st.tuples(payment, payment, befallen), min_size=1, max_size=25),
    verdicts=st.lists(st.tuples(label, st.booleans()), max_size=20),
)
def test_all_that_changed_is_recomputed_and_right(drawn: list[Any], verdicts: list[Any]) -> None:
    befell = pl.Series([what for *_, what in drawn])
    then, now = (
        paid([old for old, *_ in drawn]),
        paid([new if what == "corrected" else old for old, new, what in drawn]),
    )
    happened = [old for old, *_ in drawn]
    known, every = (told(happened, [v for v, new in verdicts if new in which]) for which in ((False,), (False, True)))
    payments, were = now.filter(befell != "deleted"), then.filter(befell != "arrived")
    altered = then.filter(befell.is_in(["corrected", "deleted"]))
    places = pl.concat([now.filter(befell.is_in(["arrived", "corrected"])), altered])

    found = affected_rows(
        payments.lazy(), every.lazy(), places, every.join(known, on=every.columns, how="anti"), PLAN, altered
    )

    before, after = whole(were, known), whole(payments, every)
    changed = after.join(before, on=after.columns, how="anti", nulls_equal=True)["transaction_id"]
    assert set(changed) <= set(found["transaction_id"])
    if found.height:
        expected = after.join(found, on="transaction_id", how="semi")
        assert_frame_equal(found.select(after.columns).sort("transaction_id"), expected)
