"""Event by event the features are what the batch evaluation gives over all that has arrived by then, bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import polars as pl
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.events.live import Numbers
from fraud_assets.features.inputs.row import POSITIONS, Facts, Positions
from fraud_assets.features.live import LiveFeatures
from fraud_assets_tests.features import worlds
from fraud_assets_tests.features.drawn import drawn
from fraud_assets_tests.features.worlds import Row

SETTINGS = settings(deadline=None, max_examples=20, phases=(Phase.explicit, Phase.reuse, Phase.generate))


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


def paid_by(text: str, day: int, customer: str, merchant: str) -> Row:
    """A payment of 5, some days after the start."""
    return dict.fromkeys(worlds.PAYMENT) | {
        "transaction_id": text, "event_time": worlds.START + timedelta(days=day),
        "customer_id": customer, "merchant_id": merchant, "amount": 5.0,
    }  # fmt: skip


def late(text: str, day: int) -> Row:
    return {"transaction_id": text, "is_fraud": True, "known_at": worlds.START + timedelta(days=day)}


def test_a_late_label_reaches_the_merchant_of_its_payment_only() -> None:
    """The merchant's events are evicted, and another merchant comes, before the payment's label does."""
    delay = timedelta(days=3)
    arrived = Arrived(LiveFeatures(delay), delay, Facts())
    arrived.pay([paid_by("old", 0, "a", "m")])
    arrived.live.evict(worlds.START + timedelta(days=80))
    arrived.pay([paid_by("first of n", 80, "b", "n")])
    arrived.label([late("old", 81)])
    arrived.pay([paid_by("second of n", 82, "c", "n"), paid_by("again of m", 82, "d", "m")])
    arrived.delete(["old"])
    arrived.pay([paid_by("third of n", 83, "e", "n"), paid_by("third of m", 83, "f", "m")])


def test_a_merchant_that_comes_again_under_another_number_keeps_it() -> None:
    """Evicted with another, then back before that one: each eviction frees the numbers of those that are gone only."""
    delay = timedelta(days=3)
    arrived = Arrived(LiveFeatures(delay), delay, Facts())
    arrived.pay([paid_by("0", 0, "a", "m"), paid_by("1", 1, "b", "n")])
    arrived.live.evict(worlds.START + timedelta(days=200))
    arrived.pay([paid_by("2", 200, "a", "m")])
    arrived.live.evict(worlds.START + timedelta(days=201))
    arrived.pay([paid_by("3", 201, "c", "o"), paid_by("4", 202, "d", "p"), paid_by("5", 203, "e", "m")])
    arrived.pay([paid_by("6", 204, "f", "o"), paid_by("7", 205, "g", "p")])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2)), max_size=40))
@example([(False, 0), (False, 1), (True, 0), (True, 1), (False, 0), (True, 0)])  # 0 is free, but its last text is back
def test_a_number_is_never_shared(steps: list[tuple[bool, int]]) -> None:
    """Texts are numbered and numbers released, also those that are free: each text keeps its own until then."""
    numbers = Numbers()
    expected: dict[str, int] = {}
    for released, number in steps:
        if released and number < len(numbers.texts):
            numbers.release([number, number])
            expected = {text: own for text, own in expected.items() if own != number}
        elif not released:
            expected[str(number)] = int(numbers.of([str(number)])[0])
        assert len(set(expected.values())) == len(expected)
        assert {text: numbers.known(text) for text in map(str, range(3)) if numbers.known(text) is not None} == expected
        assert sorted(numbers.used.tolist()) == sorted(expected.values())
