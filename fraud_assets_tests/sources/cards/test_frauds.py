from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fraud_assets.sources.cards.frauds import (
    CUSTOMER_DAYS,
    TERMINAL_DAYS,
    apply_scenarios,
    compromised_customers,
    compromised_terminals,
)
from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.world import World

START, DAYS = date(2026, 5, 1), 60
WORLD = World(2_000, 4_000)


@pytest.fixture(scope="module")
def payments() -> pl.DataFrame:
    start = datetime(START.year, START.month, START.day, tzinfo=UTC)
    return pl.concat(payments_between(WORLD, START, start + timedelta(days=DAYS)))


def test_large_amounts_are_fraud(payments: pl.DataFrame) -> None:
    large = payments.filter(pl.col("amount") > 220)
    assert large.height > 50
    assert large["is_fraud"].all()
    assert payments.filter(scenario=1).select(pl.col("amount").min()).item() > 220
    assert payments.filter(~pl.col("is_fraud")).select(pl.col("amount").max()).item() <= 220


def test_every_payment_at_a_compromised_terminal_is_fraud(payments: pl.DataFrame) -> None:
    epoch = date(1970, 1, 1)
    for offset in range(0, DAYS, 7):
        day = START + timedelta(days=offset)
        bad = WORLD.terminal_ids.filter(pl.Series(compromised_terminals(WORLD, (day - epoch).days)))
        at_bad = payments.filter(pl.col("event_time").dt.date() == day, pl.col("terminal_id").is_in(bad.implode()))
        assert at_bad.height > 0
        assert at_bad["scenario"].is_in([2, 3]).all()


@pytest.mark.parametrize(
    ("compromised", "days"), [(compromised_terminals, TERMINAL_DAYS), (compromised_customers, CUSTOMER_DAYS)]
)
def test_a_compromise_lasts_as_long_as_the_handbook_says(compromised, days: int) -> None:  # type: ignore[no-untyped-def]
    world = World(5_000, 10_000)
    states = np.array([compromised(world, day) for day in range(20_000, 20_000 + 4 * days)])
    ends = list(zip(*np.nonzero(states[:-1] & ~states[1:]), strict=True))
    assert len(ends) > days
    assert all(states[max(0, row - days + 1) : row + 1, who].all() for row, who in ends)
    drawn = 2 if compromised is compromised_terminals else 3
    assert states.sum(axis=1).mean() == pytest.approx(drawn * days, rel=0.03)


def test_a_third_of_a_compromised_customers_payments_is_five_times_as_large() -> None:
    day = 20_000
    customer = int(np.flatnonzero(compromised_customers(WORLD, day))[0])
    terminal = int(np.flatnonzero(~compromised_terminals(WORLD, day))[0])
    amounts, scenario = apply_scenarios(
        WORLD, day, np.full(3, customer), np.full(3, terminal, np.int32), np.full(3, 10.01), np.array([0.0, 0.34, 0.99])
    )
    assert amounts.tolist() == [50.05, 10.01, 10.01]
    assert scenario.tolist() == [3, 0, 0]


@pytest.mark.parametrize(("customers", "terminals"), [(500, 1_000), (2_000, 4_000), (10_000, 5_000)])
def test_the_fraud_rate_stays_near_the_handbooks_at_any_size(customers: int, terminals: int) -> None:
    end = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=90)
    frames = payments_between(World(customers, terminals), START, end)
    rate = pl.concat(frame.select("is_fraud") for frame in frames).select(pl.col("is_fraud").mean()).item()
    assert 0.006 < rate < 0.012
