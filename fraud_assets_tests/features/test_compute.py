import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_assets.declarations.features.catalogue import FEATURES, NAMES, of_families
from fraud_assets.declarations.features.kinds import WindowFeature
from fraud_assets.features.compute import evaluate

DAY = 86_400
START = datetime(2026, 1, 1, tzinfo=UTC)
TRANSACTION: dict[str, pl.DataType | type[pl.DataType]] = {
    "transaction_id": pl.String,
    "event_time": pl.Datetime("us", "UTC"),
    "customer_id": pl.String,
    "merchant_id": pl.String,
    "amount": pl.Float64,
}
LABEL: dict[str, pl.DataType | type[pl.DataType]] = {
    "transaction_id": pl.String,
    "is_fraud": pl.Boolean,
    "known_at": pl.Datetime("us", "UTC"),
}

SECOND = st.integers(0, 40).map(lambda tick: START + timedelta(hours=6 * tick))  # few moments, so many ties
PAYMENT = st.tuples(SECOND, st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 10_000).map(lambda c: c / 100))
VERDICT = st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 80).map(lambda tick: timedelta(hours=4 * tick)))


def frames(payments: list[tuple[Any, ...]], verdicts: list[tuple[Any, ...]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = [(str(i), *payment) for i, payment in enumerate(payments)]
    labels = {(str(i % len(rows)), START + after): fraud for i, fraud, after in verdicts}
    return (
        pl.DataFrame(rows, schema=TRANSACTION, orient="row"),
        pl.DataFrame([(i, fraud, at) for (i, at), fraud in labels.items()], schema=LABEL, orient="row"),
    )


def heard(payment: dict[str, Any], labels: pl.DataFrame, delay: timedelta) -> list[tuple[datetime, bool]]:
    """What a payment counted as from when on, in the order of time."""
    due, least = payment["event_time"] + max(delay, timedelta(microseconds=1)), timedelta(microseconds=1)
    told = [
        (max(at, payment["event_time"] + least), fraud)
        for i, fraud, at in labels.sort("known_at").rows()
        if i == payment["transaction_id"]
    ]
    return told if told and told[0][0] <= due else [(due, False), *told]


def inside(
    feature: WindowFeature,
    payment: dict[str, Any],
    payments: list[dict[str, Any]],
    labels: pl.DataFrame,
    delay: timedelta,
) -> list[tuple[int, float, datetime]]:
    """What a window holds: count, value and time, in order."""
    now, span = payment["event_time"], timedelta(seconds=feature.window)
    of = [other for other in payments if other[feature.entity] == payment[feature.entity]]
    found: list[tuple[int, float, datetime]] = []
    if feature.of == "is_fraud":
        for other in of:
            before = 0
            for n, (at, fraud) in enumerate(heard(other, labels, delay)):
                if now - span < at <= now:
                    found.append((int(n == 0), fraud - before, at))
                before = fraud
        if feature.aggregate == "gap":
            return sorted((event for event in found if event[0]), key=lambda event: event[2])
        return found
    if feature.members == "known as genuine":
        for other in of:
            told = [(at, fraud) for at, fraud in heard(other, labels, delay) if at <= now]
            if told and not told[-1][1]:
                since = next(at for n, (at, _) in enumerate(told) if not any(fraud for _, fraud in told[n:]))
                found += [(1, other[feature.of], since)] if since > now - span else []
        return found
    order = (now, payment["transaction_id"])
    found = [
        (1, other[feature.of], other["event_time"])
        for other in sorted(of, key=lambda other: (other["event_time"], other["transaction_id"]))
        if (other["event_time"], other["transaction_id"]) <= order and other["event_time"] > now - span
    ]
    return found if feature.members == "with this one" else found[:-1]


def naive(
    feature: WindowFeature, payments: list[dict[str, Any]], labels: pl.DataFrame, delay: timedelta
) -> list[float | None]:
    """The declaration's words, payment by payment, event by event."""
    held = [inside(feature, payment, payments, labels, delay) for payment in payments]
    return [
        aggregated(feature, payment["event_time"], [event for event in events if event[1] is not None])
        for payment, events in zip(payments, held, strict=True)
    ]


def aggregated(feature: WindowFeature, now: datetime, held: list[tuple[int, float, datetime]]) -> float | None:
    count, numbers = sum(event[0] for event in held), [event[1] for event in held]
    by_label = feature.of == "is_fraud"
    values: dict[str, Callable[[], float | None]] = {
        "count": lambda: float(count),
        "sum": lambda: float(sum(numbers)),
        "mean": lambda: sum(numbers) / count if count else feature.empty,
        "std": lambda: statistics.stdev(numbers) if count > 1 else None,
        "max": lambda: max(numbers, default=None),
        "gap": lambda: next(((now - at).total_seconds() for _, value, at in reversed(held) if value or by_label), None),
    }
    return values[feature.aggregate]()


@settings(deadline=None, max_examples=25)
@given(st.lists(PAYMENT, min_size=1, max_size=12), st.lists(VERDICT, max_size=12), st.sampled_from([0, 1, 3]))
def test_equals_the_declarations_words(
    payments: list[tuple[Any, ...]], verdicts: list[tuple[Any, ...]], days: int
) -> None:
    """With payments at the same moment and labels that come early, late, revised or not at all."""
    transactions, labels = frames(payments, verdicts)
    found = evaluate(transactions, labels, days * DAY)
    for feature in FEATURES:
        if isinstance(feature, WindowFeature) and feature.last is None:
            expected = naive(feature, found.to_dicts(), labels, timedelta(days=days))
            np.testing.assert_allclose(
                found[feature.name].to_numpy(), np.array(expected, float), atol=1e-6, err_msg=feature.name
            )


@settings(deadline=None, max_examples=25)
@given(
    st.lists(PAYMENT, min_size=1, max_size=12), st.lists(VERDICT, max_size=12),
    st.lists(PAYMENT, max_size=6), st.lists(VERDICT, max_size=6), SECOND,
)  # fmt: skip
def test_nothing_from_the_future_enters(
    payments: list[tuple[Any, ...]],
    verdicts: list[tuple[Any, ...]],
    other: list[tuple[Any, ...]],
    others: list[tuple[Any, ...]],
    now: datetime,
) -> None:
    """Two worlds that agree on all that was known at a moment have the same features up to it, to the last bit."""
    past = [p for p in payments if p[0] <= now] or [(now, "a", "x", 1.0)]
    told = [v for v in verdicts if START + v[2] <= now]
    one = frames(past + [p for p in payments if p[0] > now], told + [v for v in verdicts if START + v[2] > now])
    two = frames(past + [p for p in other if p[0] > now], told + [v for v in others if START + v[2] > now])
    known = [labels.filter(pl.col("known_at") <= now, pl.col("transaction_id").cast(int) < len(past)).sort(*LABEL)
             for _, labels in (one, two)]  # fmt: skip
    if not known[0].equals(known[1]):
        return  # a verdict of the past that names a payment of the future names another one in the other world
    assert evaluate(*one, 3 * DAY)[: len(past)].equals(evaluate(*two, 3 * DAY)[: len(past)])


def test_features_of_the_payment_alone() -> None:
    friday_night = datetime(2026, 1, 2, 6, 59, 59, tzinfo=UTC)
    transactions, labels = frames(
        [(friday_night, "a", "x", 3.5), (friday_night + timedelta(days=1, seconds=1), "a", "x", 1.0)], []
    )
    found = evaluate(transactions, labels, 7 * DAY, features=of_families(["amount", "time"]))
    assert found.select("amount", "time_is_weekend", "time_is_night").rows() == [(3.5, 0.0, 1.0), (1.0, 1.0, 0.0)]


def test_only_the_payments_wanted_while_all_count() -> None:
    transactions, labels = frames([(START + timedelta(hours=n % 3), "a", "x", float(n)) for n in range(8)], [])
    wanted = pl.Series([n % 3 != 1 for n in range(8)])
    assert evaluate(transactions, labels, DAY, wanted=wanted).equals(evaluate(transactions, labels, DAY).filter(wanted))


def test_no_payments_no_features() -> None:
    none = pl.DataFrame(schema=TRANSACTION), pl.DataFrame(schema=LABEL)
    assert evaluate(*none, DAY).columns == [*TRANSACTION, *NAMES[1:]]
    assert evaluate(*none, DAY).height == 0
