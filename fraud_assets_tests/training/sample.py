"""Payments whose frauds are known to whoever looks at amount and night, and labels seven days later."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.training.data.dataset import TrainingSet

DAY = 86_400
DELAY = timedelta(days=7)
VERSIONS = {"gold.features": 3, "silver.labels": 5}


def payments(count: int = 20_000, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ninety days in which a high amount at night is mostly fraud; features and labels.

    Each feature has draws of its own, so that a feature declared later changes no other column.
    """
    random = np.random.default_rng(seed)
    start = pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).dt.cast_time_unit("us")
    features = {name: np.random.default_rng([seed, *name.encode()]).random(count) for name in NAMES}
    frame = pl.DataFrame(features).with_columns(
        amount=pl.Series(random.random(count) * 100),
        transaction_id=pl.int_range(count).cast(pl.String),
        customer_id=pl.Series(random.integers(0, 500, count)).cast(pl.String),
        event_time=start + pl.Series(np.sort(random.integers(0, 90 * DAY, count))) * pl.duration(seconds=1),
        time_is_night=pl.col("time_is_night").round(),
    )
    likely = (pl.col("amount") > 90) & (pl.col("time_is_night") == 1)
    labels = frame.select(
        "transaction_id",
        is_fraud=likely & (pl.Series(random.random(count)) < 0.8),
        known_at=pl.col("event_time") + pl.duration(days=7),
    )
    return frame, labels


def data(source: str, count: int = 20_000) -> TrainingSet:
    """The same as a training set."""
    return TrainingSet(source, VERSIONS, *(frame.lazy() for frame in payments(count)))
