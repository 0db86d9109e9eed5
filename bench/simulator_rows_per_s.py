"""How fast the cards simulator makes rows, against a plain loop over customers with the same rules.

The loop is written the way the Fraud Detection Handbook explains its generator (Le Borgne et al., 2022, chapter 3):
customer by customer, day by day, payment by payment, then a frame; it leaves the frauds of scenarios 2 and 3 out.
"""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from bench.clock import rate
from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.world import World

GOAL = 200_000
CUSTOMERS, TERMINALS = 5_000, 10_000  # the Handbook's world
START, DAYS = date(2026, 1, 1), 183
LOOP_CUSTOMERS = 250  # the loop takes every customer the same time, so a slice tells its speed
ROUNDS = 3


def run() -> dict[str, Any]:
    """Rows a second of one process, world and frames included, the best of three; the baseline is the loop's."""
    end = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=DAYS)
    value = max(_rows_per_s(lambda: _simulate(end)) for _ in range(ROUNDS))
    baseline = _rows_per_s(_loop)
    return rate("simulator_rows_per_s", value, baseline, GOAL)


def _rows_per_s(work: Any) -> float:
    started_at = time.perf_counter()
    rows: int = work()
    return rows / (time.perf_counter() - started_at)


def _simulate(end: datetime) -> int:
    world = World(CUSTOMERS, TERMINALS)
    return sum(payments.height for payments in payments_between(world, START, end))


def _loop() -> int:
    random = np.random.default_rng(0)
    terminals = random.uniform(0, 100, (TERMINALS, 2))
    rows = []
    for customer in range(LOOP_CUSTOMERS):
        x, y, mean, often = random.uniform([0, 0, 5, 0], [100, 100, 100, 4])
        near = np.flatnonzero(((terminals - (x, y)) ** 2).sum(axis=1) < 25)
        for day in range(DAYS):
            for _ in range(random.poisson(often)):
                second = int(random.normal(43_200, 20_000))
                if 0 < second < 86_400:
                    amount = random.normal(mean, mean / 2)
                    if amount < 0:
                        amount = random.uniform(0, 2 * mean)
                    terminal = int(random.choice(near))
                    rows.append((day * 86_400 + second, customer, terminal, round(amount, 2), *terminals[terminal]))
    columns = ["second", "customer", "terminal", "amount", "x", "y"]
    frame = pl.DataFrame(rows, schema=columns, orient="row").sort("second")
    return frame.with_columns(is_fraud=pl.col("amount") > 220).height
