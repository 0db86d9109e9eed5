"""Model inputs and models to score with, small and drawn from a seed."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import polars as pl

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.tables import gold
from fraud_assets.features.fingerprint import FINGERPRINT
from fraud_assets.lake.location import Lake
from fraud_assets.lake.writing import append
from fraud_assets.models import artifact as model
from fraud_assets.models.artifact_hash import hash_of
from fraud_assets.models.baseline_distribution import distribution
from fraud_assets.models.model_store import Card, Champion
from fraud_assets.training.fit import fitting
from fraud_assets.version import code_version

START = datetime(2026, 1, 1, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
LARGE = 220.0  # the model takes payments above it for fraud


def features(rows: int, tag: str, start: datetime = START, source: str = "cards") -> pl.DataFrame:
    """Rows of gold.features, one a second; about one in twenty has a large amount."""
    random = np.random.default_rng(sum(tag.encode()))
    amount = np.where(random.random(rows) < 0.05, random.uniform(300, 900, rows), random.uniform(1, 100, rows))
    moments = pl.Series([start + timedelta(seconds=second) for second in range(rows)], dtype=TIME)
    return pl.DataFrame(
        {
            "source": [source] * rows,
            "transaction_id": [f"{tag}-{row}" for row in range(rows)],
            "event_time": moments,
            "customer_id": ["c1"] * rows,
            "merchant_id": ["m1"] * rows,
            "amount": amount,
            **{name: random.uniform(0, 5, rows) for name in NAMES if name != "amount"},
            "features_fingerprint": [FINGERPRINT] * rows,
            "kafka_time": moments,
            "computed_at": moments,
            "recomputed_at": pl.Series([None] * rows, dtype=TIME),
            "deleted_at": pl.Series([None] * rows, dtype=TIME),
        }
    )


@lru_cache
def champion(version: int = 1, threshold: float = 0.5) -> Champion:
    """A model that takes large amounts for fraud."""
    rows = features(2_000, "training")
    fitted = fitting.fit_rows(rows.select(NAMES), rows["amount"] > LARGE)
    reference = {name: distribution(rows[name]) for name in NAMES} | {"score": distribution(model.score(fitted, rows))}
    file = model.to_bytes(fitted)
    return Champion(version, Card(NAMES, FINGERPRINT, threshold, reference, hash_of(file), code_version()), file)


def arrive(rows: pl.DataFrame, lake: Lake) -> None:
    """Append rows to gold.features."""
    append(gold.FEATURES, rows, lake)
