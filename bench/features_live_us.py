"""How long all features of a payment take as it arrives, on one core, in micro-batches of 1, 16 and 200.

Made-up payments of customers and merchants with four months of history, 100 a second, and labels among them, one for
every fifty payments. The time is the process's own (CPU time), as others may use the machine: the median of the rounds.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from fraud_assets.features.inputs.row import Facts
from fraud_assets.features.live import LiveFeatures

GOAL, STRETCH = 300.0, 50.0  # µs a payment in batches of 200
PAYMENTS = {200: 6_000, 16: 800, 1: 60}
"""Payments a round, by size of the micro-batch."""
ROUNDS = 3
HISTORY, DAYS = 200_000, 120
CUSTOMERS, MERCHANTS = 2_000, 4_000
A_SECOND, LABEL_EACH = 100, 50
START = datetime(2026, 1, 1, tzinfo=UTC)
DELAY = timedelta(days=7)
LOADED = 2_000  # payments at a time


def run() -> dict[str, Any]:
    """Microseconds a payment for all declared features."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        live, payments = LiveFeatures(DELAY, facts=Facts(START)), _payments()
        for first in range(0, HISTORY, LOADED):
            live.add(payments[first : first + LOADED])
        live.label(_labels(payments[:HISTORY]))
        found, at = {}, HISTORY
        for size, count in PAYMENTS.items():
            rounds = []
            for _ in range(ROUNDS):
                rounds.append(_microseconds(live, payments[at : at + count], size))
                at += count
            found[size] = round(median(rounds), 1)
    finally:
        os.sched_setaffinity(0, cores)
    print(f"features_live_us: {live.rows:,} events are kept", file=sys.stderr)
    return {
        "name": "features_live_us",
        "value": found[200],
        "unit": "µs/payment",
        **{f"in_batches_of_{size}": value for size, value in found.items()},
        "goal": GOAL,
        "stretch": STRETCH,
        "met": found[200] <= GOAL,
    }


def _microseconds(live: LiveFeatures, payments: pl.DataFrame, size: int) -> float:
    """Of this process for each payment, labels included."""
    batches = [payments[first : first + size] for first in range(0, payments.height, size)]
    labels = [_labels(batch) for batch in batches]
    begun = time.process_time()
    for batch, received in zip(batches, labels, strict=True):
        live.add(batch)
        live.label(received)
    return (time.process_time() - begun) / payments.height * 1e6


def _payments() -> pl.DataFrame:
    random = np.random.default_rng(0)
    timed = ROUNDS * sum(PAYMENTS.values())
    past = np.sort(random.integers(0, DAYS * 86_400_000_000, HISTORY))
    now = DAYS * 86_400_000_000 + np.cumsum(random.exponential(1_000_000 / A_SECOND, timed)).astype(np.int64)
    count = HISTORY + timed
    return pl.DataFrame(
        {
            "transaction_id": [f"t{n:08}" for n in range(count)],
            "event_time": pl.Series(np.append(past, now)).cast(pl.Duration("us")) + START,
            "customer_id": [f"c{n}" for n in random.integers(0, CUSTOMERS, count)],
            "merchant_id": [f"m{n}" for n in random.integers(0, MERCHANTS, count)],
            "amount": random.gamma(2, 30, count).round(2),
            "customer_latitude": random.uniform(45, 55, count),
            "customer_longitude": random.uniform(5, 15, count),
            "merchant_latitude": random.uniform(45, 55, count),
            "merchant_longitude": random.uniform(5, 15, count),
            "country": random.choice(["DE", "FR"], count),
        }
    )


def _labels(payments: pl.DataFrame) -> pl.DataFrame:
    """That some payments are fraud, known two days after."""
    return payments.gather_every(LABEL_EACH).select(
        "transaction_id", is_fraud=pl.lit(True), known_at=pl.col("event_time") + timedelta(days=2)
    )
