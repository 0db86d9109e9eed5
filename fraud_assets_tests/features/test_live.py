"""Event by event the features are what the batch evaluation gives over all that has arrived by then, bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import POSITIONS, Facts, Positions
from fraud_assets.features.live import LiveFeatures
from fraud_assets_tests.features import worlds
from fraud_assets_tests.features.drawn import drawn
from fraud_assets_tests.features.worlds import Row

SETTINGS = settings(deadline=None, max_examples=40, phases=(Phase.explicit, Phase.reuse, Phase.generate))


@dataclass
class Arrived:
    """All that has arrived, and the live features that it was put through."""

    live: LiveFeatures
    delay: timedelta
    facts: Facts
    payments: dict[str, Row] = field(default_factory=dict)
    labels: list[Row] = field(default_factory=list)

    def batch(self, ids: Sequence[str]) -> pl.DataFrame:
        """The features of some of the payments over all that has arrived."""
        rows = worlds.paid(list(self.payments.values()))
        wanted = rows["transaction_id"].is_in(ids)
        seconds = int(self.delay.total_seconds())
        found = evaluate(rows, worlds.received(self.labels), seconds, wanted=wanted, facts=self.facts)
        return found.select("transaction_id", *NAMES)

    def pay(self, rows: Sequence[Row]) -> None:
        """Payments arrive in one micro-batch, new ones or corrections; each gets what it gets by the batch."""
        found = self.live.add(worlds.paid(list(rows)))
        assert found["transaction_id"].to_list() == [row["transaction_id"] for row in rows]
        for at, row in enumerate(rows):
            self.payments[row["transaction_id"]] = row
            expected = self.batch([row["transaction_id"]])
            assert_frame_equal(found[at].select(expected.columns), expected, check_exact=True)

    def label(self, rows: Sequence[Row]) -> None:
        self.live.label(worlds.received(list(rows)))
        self.labels += rows

    def delete(self, ids: Sequence[str]) -> None:
        self.live.delete(ids)
        for text in ids:
            self.payments.pop(text, None)


@SETTINGS
@given(st.data(), st.integers(1, 14) | st.integers(33, 40), st.sampled_from([0, 3]), st.sampled_from(POSITIONS))
def test_equals_the_batch_whatever_comes_in_which_order(
    data: st.DataObject, count: int, days: int, positions: Positions
) -> None:
    """Payments late or in order, corrected and deleted; labels early, late, revised, of what is not there."""
    delay = timedelta(days=days)
    facts = worlds.facts(data.draw(worlds.revisions()), positions)
    arrived = Arrived(LiveFeatures(delay, facts=facts), delay, facts)
    rows = [data.draw(worlds.payments(number)) for number in range(count)]
    if data.draw(st.booleans()):
        rows.sort(key=lambda row: row["event_time"])
    while rows:
        some = data.draw(st.integers(1, 6))
        batch, rows = rows[:some], rows[some:]
        if bool(arrived.payments) and data.draw(st.booleans()):
            known = data.draw(st.sampled_from(sorted(arrived.payments)))
            changed: Row = {**data.draw(worlds.payments(0)), "transaction_id": known}
            batch.insert(data.draw(st.integers(0, len(batch))), changed)
        arrived.label(data.draw(st.lists(worlds.labels(batch), max_size=2)))
        arrived.pay(batch)
        arrived.label(data.draw(st.lists(worlds.labels([*arrived.payments.values()]), max_size=4)))
        if data.draw(st.integers(0, 4)) == 0:
            arrived.delete([data.draw(st.sampled_from(sorted(arrived.payments)))])


def test_micro_batches_of_a_stream_equal_the_batch() -> None:
    """Payments in order, labels when they become known: what was given as they arrived is what the batch gives."""
    payments, labels = drawn(1_500)
    labels = every = labels.unique(["transaction_id", "known_at"], keep="last")
    payments = payments.sort("event_time", "transaction_id")
    facts, delay = Facts(worlds.BEGAN), timedelta(days=7)
    live = LiveFeatures(delay, facts=facts)
    found = []
    for begin in range(0, payments.height, 100):
        batch = payments[begin : begin + 100]
        newest = batch["event_time"][-1]
        live.label(labels.filter(pl.col("known_at") <= newest))
        labels = labels.filter(pl.col("known_at") > newest)
        found.append(live.add(batch))
    assert_frame_equal(pl.concat(found), evaluate(payments, every, 7 * 86_400, facts=facts), check_exact=True)


@SETTINGS
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_payments_of_one_moment_stand_in_the_order_of_their_identifiers(hours: list[int], random: Random) -> None:
    """Also of identifiers of which only the end differs."""
    rows = [
        dict.fromkeys(worlds.PAYMENT)
        | {"transaction_id": f"payment-{n:03}", "customer_id": "a", "merchant_id": "x", "amount": float(n)}
        | {"event_time": worlds.START + timedelta(hours=hour)}
        for n, hour in enumerate(hours)
    ]
    random.shuffle(rows)
    delay = timedelta(0)
    Arrived(LiveFeatures(delay), delay, Facts()).pay(rows)


@SETTINGS
@given(st.data())
def test_what_is_forgotten_was_out_of_reach(data: st.DataObject) -> None:
    """Payments from a moment on get the same after all that they cannot see is forgotten; little is kept."""
    delay, facts = timedelta(days=3), Facts(worlds.BEGAN)
    rows = sorted((data.draw(worlds.payments(n)) for n in range(16)), key=lambda row: row["event_time"])
    one, other = (Arrived(LiveFeatures(delay, facts=facts), delay, facts) for _ in range(2))
    moment = rows[8]["event_time"] + timedelta(days=data.draw(st.integers(0, 250)))
    for arrived in (one, other):
        arrived.pay(rows[:8])
    verdicts = data.draw(st.lists(worlds.labels(rows[:8]), max_size=4))
    for arrived in (one, other):
        arrived.label(verdicts)
    before = one.live.rows
    one.live.evict(moment)
    assert one.live.rows <= before
    later = [row | {"event_time": moment + timedelta(hours=n)} for n, row in enumerate(rows[8:])]
    assert_frame_equal(one.live.add(worlds.paid(later)), other.live.add(worlds.paid(later)), check_exact=True)
    one.live.evict(moment + timedelta(days=200))
    assert one.live.rows == 0


def test_a_payment_that_is_forgotten_and_comes_again_is_counted_again() -> None:
    """A label that is later than all windows reaches the merchant's history if its payment is given again."""
    row = worlds.paid([dict.fromkeys(worlds.PAYMENT) | {
        "transaction_id": "t1", "event_time": worlds.START, "customer_id": "a", "merchant_id": "x", "amount": 5.0,
    }])  # fmt: skip
    live = LiveFeatures(timedelta(days=3))
    live.add(row)
    now = worlds.START + timedelta(days=300)
    live.evict(now)
    label = pl.DataFrame([{"transaction_id": "t1", "is_fraud": True, "known_at": now}], schema=worlds.LABEL)
    live.label(label)
    live.add(row)
    again = row.with_columns(transaction_id=pl.lit("t2"), event_time=pl.lit(now + timedelta(days=1)))
    expected = evaluate(pl.concat([row, again]), label, 3 * 86_400)
    assert_frame_equal(live.add(again), expected[1:], check_exact=True)
