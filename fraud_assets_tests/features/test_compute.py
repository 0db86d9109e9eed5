from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from fraud_assets.declarations.features.catalogue import FEATURES, NAMES, of_families
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import POSITIONS, Positions
from fraud_assets_tests.features import worlds
from fraud_assets_tests.features.naive import World

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


def assert_equals_words(found: pl.DataFrame, world: World) -> None:
    """Every feature is what its declaration says, as stored."""
    for feature in FEATURES:
        expected = np.array(world.values(feature), float).astype(np.float32)
        np.testing.assert_array_equal(
            found[feature.name].cast(pl.Float32).to_numpy(), expected, err_msg=feature.name, strict=True
        )


@settings(deadline=None, max_examples=30, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.data(), st.integers(1, 12) | st.integers(33, 45), st.sampled_from([0, 3]), st.sampled_from(POSITIONS))
def test_equals_the_declarations_words(data: st.DataObject, count: int, days: int, positions: Positions) -> None:
    """With payments at the same moment and labels that come early, late, revised or not at all."""
    rows = [data.draw(worlds.payments(number)) for number in range(count)]
    verdicts = data.draw(st.lists(worlds.labels(rows), max_size=2 * count))
    lists = data.draw(worlds.revisions())
    labels = worlds.received(verdicts)
    found = evaluate(worlds.paid(rows), labels, days * DAY, facts=worlds.facts(lists, positions))
    payments = [{**row, **features} for row, features in zip(rows, found.select(NAMES).to_dicts(), strict=True)]
    world = World(payments, labels.to_dicts(), timedelta(days=days), worlds.BEGAN, positions == "plane", lists)
    assert_equals_words(found, world)


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
    assume(known[0].equals(known[1]))  # a past verdict about a future payment is about another one
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
