from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.prequential import Fold, folds

START = date(2026, 1, 1)
FOLD = Fold(START, train=2, delay=3, test=2)


def _payments(rows: list[tuple[float, str, bool]]) -> pl.DataFrame:
    """Payments of (days since `START`, customer, is it fraud)."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "event_time": [first + timedelta(days=days) for days, _, _ in rows],
            "customer_id": [customer for _, customer, _ in rows],
            "is_fraud": [fraud for _, _, fraud in rows],
        },
        schema={"event_time": pl.Datetime("us", "UTC"), "customer_id": pl.String, "is_fraud": pl.Boolean},
    )


def test_a_delay_lies_between_training_and_test() -> None:
    payments = _payments([(days, "a", False) for days in (-0.01, 0, 1.99, 2, 4.99, 5, 6.99, 7)])
    assert FOLD.training(payments).equals(payments[1:3])
    assert FOLD.testing(payments).equals(payments[5:7])


def test_customers_are_left_out_from_the_day_their_fraud_is_known() -> None:
    frauds = _payments([(-1, "before", True), (1, "trained", True), (2.9, "waited", True)])
    tested = _payments([(5, "before", False), (5, "waited", False), (6, "before", False), (6, "new", True)])
    blocked = _payments([(5, "trained", False), (6, "trained", False), (6, "waited", False)])
    assert FOLD.testing(pl.concat((frauds, tested, blocked))).equals(tested)


def test_folds_adjoin_and_the_latest_comes_first() -> None:
    three = list(folds(FOLD, 3))
    assert three[0] == FOLD
    assert [fold.test_end for fold in three[1:]] == [fold.test_start for fold in three[:-1]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.booleans()), max_size=30))
def test_nothing_is_left_out_for_a_fraud_that_is_not_known_yet(rows: list[tuple[int, str, bool]]) -> None:
    """Turning every label of the delay before a test day into its opposite does not change who is tested that day."""
    payments = _payments([(days, customer, fraud) for days, customer, fraud in rows])
    for day in (5, 6):
        at = pl.col("event_time").dt.date() == START + timedelta(days=day)
        unknown = pl.col("event_time").dt.date() >= START + timedelta(days=day - 3)
        turned = payments.with_columns(is_fraud=pl.col("is_fraud") ^ unknown)
        keys = ("event_time", "customer_id")
        assert FOLD.testing(payments).filter(at).select(keys).equals(FOLD.testing(turned).filter(at).select(keys))
