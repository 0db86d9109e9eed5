"""Payments and labels drawn at random, with all that features may read."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from fraud_assets.features.inputs.row import SIGNALS

POSITIONS = ("customer_latitude", "customer_longitude", "merchant_latitude", "merchant_longitude")
START = datetime(2026, 1, 1, tzinfo=UTC)


def drawn(payments: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Payments of sixty days in any order, some without customer or merchant, and labels.

    Some labels are revised, some are of other payments; half become known at midnight, many at once.
    """
    random = np.random.default_rng(3)
    minutes = random.integers(0, 60 * 24 * 60, payments)
    transactions = pl.DataFrame(
        {
            "source": "test",
            "transaction_id": [f"t{n}" for n in range(payments)],
            "event_time": [START + timedelta(minutes=int(m)) for m in minutes],
            "customer_id": [f"c{n}" if n else None for n in random.integers(0, 80, payments)],
            "merchant_id": [f"m{n}" if n else None for n in random.integers(0, 40, payments)],
            "amount": random.gamma(2, 30, payments),
            "kafka_time": START,
            **{name: random.uniform(0, 90, payments) for name in POSITIONS},
            "country": random.choice(["DE", "FR"], payments),
            "ip": random.choice(["192.0.2.1", "192.0.2.2"], payments),
            "category": [("travel", "home")[n % 2] for n in range(payments)],
            "signals": pl.Series([{"V1": n / 7, "V2": 1.0} for n in range(payments)], dtype=SIGNALS),
        }
    )
    told = random.choice(payments + payments // 5, 3 * payments // 5)
    day = 24 * 60
    known = random.integers(0, 80 * day, len(told))
    known -= np.where(random.random(len(told)) < 0.5, known % day, 0)
    labels = pl.DataFrame(
        {
            "transaction_id": [f"t{n}" for n in told],
            "is_fraud": random.random(len(told)) < 0.3,
            "known_at": [START + timedelta(minutes=int(m)) for m in known],
        }
    )
    return transactions, labels
