"""Event by event the features are what the batch evaluation gives over all that has arrived by then, bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import POSITIONS, Facts, Positions
from fraud_assets.features.live import LiveFeatures
from fraud_assets_tests.features import worlds
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
