"""A chunk at a time gives what one frame gives, to the last bit."""

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from fraud_assets.declarations.features.catalogue import NAMES, of_families
from fraud_assets.features.batch import chunks
from fraud_assets.features.batch.plan import Plan, widened
from fraud_assets_tests.features.drawn import drawn

WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    "plan",
    [Plan(WEEK), Plan(WEEK, of_families(["time"])), Plan(WEEK, of_families(["velocity"]))],
    ids=["all", "of payments alone", "of some families"],
)
@pytest.mark.parametrize("chunk_rows", [300, 10_000], ids=["many chunks", "one chunk"])
def test_chunks_give_what_one_frame_gives(plan: Plan, chunk_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", chunk_rows)
    transactions, labels = drawn(3_000)
    made = list(chunks.evaluate_in_chunks(transactions.lazy(), labels.lazy(), plan))
    assert (len(made) > 1) == (chunk_rows < transactions.height)
    assert all(part.height for part in made)
    found = pl.concat(made).sort("transaction_id")
    whole = plan.evaluate(transactions, labels, plan.baseline(transactions.lazy())).sort("transaction_id")
    assert_frame_equal(found, widened(whole), check_exact=True)


def test_payments_without_a_customer_are_cut_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 300)
    transactions, labels = drawn(1_000)
    transactions = transactions.with_columns(customer_id=pl.lit(None, pl.String))
    found = list(chunks.evaluate_in_chunks(transactions.lazy(), labels.lazy(), Plan(WEEK)))
    assert [part.height for part in found] == [300, 300, 300, 100]
    whole = Plan(WEEK).evaluate(transactions, labels, Plan(WEEK).baseline(transactions.lazy()))
    assert_frame_equal(pl.concat(found), widened(whole), check_row_order=False, check_exact=True)


def test_a_source_without_payments_is_one_empty_share() -> None:
    transactions, labels = drawn(10)
    (made,) = chunks.evaluate_in_chunks(transactions.lazy().limit(0), labels.lazy(), Plan(WEEK))
    assert made.is_empty()
    assert {*NAMES} <= {*made.columns}
