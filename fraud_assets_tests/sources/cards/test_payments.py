from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_assets.sources.cards.payments import payments_between, payments_of_day, payments_of_moment
from fraud_assets.sources.cards.world import World
from reference_data.files import HANDBOOK

START = date(2026, 5, 1)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@settings(max_examples=25, deadline=None)
@given(
    day=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    before=st.integers(0, 5),
    after=st.integers(1, 5),
    seed=st.integers(0, 2**63 - 1),
)
def test_a_day_alone_equals_the_same_day_within_a_range(day: date, before: int, after: int, seed: int) -> None:
    start, end = day - timedelta(days=before), midnight(day + timedelta(days=after))
    within = list(payments_between(World(40, 400, seed), start, end))
    assert len(within) == before + after
    assert within[before].equals(payments_of_day(World(40, 400, seed), day))


def test_seeds_and_days_differ() -> None:
    frames = [payments_of_day(World(100, 500, seed), START + timedelta(days=day)) for seed in (0, 1) for day in (0, 1)]
    assert len({tuple(frame["amount"]) for frame in frames}) == 4


def test_the_last_day_ends_where_it_is_told() -> None:
    end = datetime(2026, 5, 2, 12, tzinfo=UTC)
    first, last = payments_between(World(200, 1_000), START, end)
    whole = payments_of_day(World(200, 1_000), END_DAY := date(2026, 5, 2))
    assert first["event_time"].dt.date().unique().to_list() == [START]
    assert last["event_time"].dt.date().unique().to_list() == [END_DAY]
    assert last.equals(whole.head(last.height))
    assert whole["event_time"][last.height] >= end > last["event_time"][-1]


def test_a_day_is_sorted_and_well_formed() -> None:
    frame = payments_of_day(World(1_000, 2_000), START)
    assert frame["event_time"].is_sorted()
    assert frame["event_time"].dt.date().unique().to_list() == [START]
    assert frame["transaction_id"].n_unique() == frame.height
    assert frame.select(pl.col("amount").min()).item() >= 0
    assert frame.null_count().sum_horizontal().item() == 0
    away = frame.select(x=pl.col("customer_x") - pl.col("terminal_x"), y=pl.col("customer_y") - pl.col("terminal_y"))
    assert away.select((pl.col("x") ** 2 + pl.col("y") ** 2).sqrt().max()).item() <= 5.0
    assert frame.schema["event_time"] == pl.Datetime("ms", "UTC")


def test_live_payments_come_at_the_rate_and_within_the_moment() -> None:
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    end = start + timedelta(seconds=100)
    frame = payments_of_moment(World(1_000, 2_000), start, end, 50.0)
    assert frame.height == pytest.approx(5_000, abs=300)
    first, last = frame.select(first=pl.col("event_time").min(), last=pl.col("event_time").max()).row(0)
    assert start <= first <= last < end
    assert frame.equals(payments_of_moment(World(1_000, 2_000), start, end, 50.0))
    after = payments_of_moment(World(1_000, 2_000), end, end + timedelta(seconds=1), 50.0)
    assert not set(frame["transaction_id"]) & set(after["transaction_id"])
    assert payments_of_moment(World(1_000, 2_000), start, start, 50.0).is_empty()


def test_live_customers_are_compromised_as_on_that_day() -> None:
    world, noon = World(1_000, 2_000), datetime(2026, 5, 1, 12, tzinfo=UTC)
    day = payments_of_day(world, noon.date())
    live = payments_of_moment(world, noon, noon + timedelta(seconds=1), 50_000.0)
    for scenario, name in ((2, "terminal_id"), (3, "customer_id")):
        seen = set(day.filter(scenario=scenario)[name])
        assert seen
        assert seen <= set(live.filter(scenario=scenario)[name])


@pytest.mark.skipif(not HANDBOOK.exists(), reason=f"the Handbook's own transactions are not at {HANDBOOK}")
def test_the_distribution_is_the_handbooks() -> None:
    # The Handbook's frauds begin on its first day, ours always were: compare once its first 28 days are over.
    theirs = pl.read_parquet(HANDBOOK).filter(pl.col("TX_TIME_DAYS") >= 28)
    days = theirs["TX_TIME_DAYS"].n_unique()
    ours = pl.concat(payments_between(World(5_000, 10_000), START, midnight(START + timedelta(days=days))))
    assert ours.height / days == pytest.approx(theirs.height / days, rel=0.03)
    assert ours["amount"].mean() == pytest.approx(theirs["TX_AMOUNT"].mean(), rel=0.03)
    assert ours["amount"].std() == pytest.approx(theirs["TX_AMOUNT"].std(), rel=0.05)
    per_customer = ours.group_by("customer_id").len()["len"] / days
    handbook_per_customer = theirs.group_by("CUSTOMER_ID").len()["len"] / days
    assert per_customer.std() == pytest.approx(handbook_per_customer.std(), rel=0.05)
    hours = ours.select(pl.col("event_time").dt.hour().std()).item()
    assert hours == pytest.approx((theirs["TX_TIME_SECONDS"] % 86_400 // 3_600).std(), rel=0.01)
    for scenario in (1, 2, 3):
        share = (ours["scenario"] == scenario).mean()
        assert share == pytest.approx((theirs["TX_FRAUD_SCENARIO"] == scenario).mean(), rel=0.1)
