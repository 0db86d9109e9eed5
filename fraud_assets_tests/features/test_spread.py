from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.features.evaluate import evaluate
from fraud_assets.features.inputs import SIGNALS
from fraud_assets.features.plan import Plan
from fraud_assets.features.spread import WORKER_ROWS, spread

POSITIONS = ("customer_latitude", "customer_longitude", "merchant_latitude", "merchant_longitude")
START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = 7 * 86_400


@pytest.mark.stack
@pytest.mark.parametrize("rows", [5_000, WORKER_ROWS + 1], ids=["two workers", "shares, joined"])
def test_spark_gives_what_one_frame_gives(spark: SparkSession, tmp_path: Path, rows: int) -> None:
    """To the last bit, with columns that are only carried along, labels that are revised and labels of others."""
    random = np.random.default_rng(3)
    transactions = pl.DataFrame(
        {
            "source": "test",
            "transaction_id": [f"t{n}" for n in range(5_000)],
            "event_time": [START + timedelta(minutes=int(m)) for m in np.sort(random.integers(0, 60 * 24 * 60, 5_000))],
            "customer_id": [f"c{n}" for n in random.integers(0, 80, 5_000)],
            "merchant_id": [f"m{n}" for n in random.integers(0, 40, 5_000)],
            "amount": random.gamma(2, 30, 5_000),
            "kafka_time": START,
            **{name: random.uniform(0, 90, 5_000) for name in POSITIONS},
            "country": random.choice(["DE", "FR"], 5_000),
            "ip": random.choice(["192.0.2.1", "192.0.2.2"], 5_000),
            "signals": pl.Series([{"V1": n / 7, "V2": 1.0} for n in range(5_000)], dtype=SIGNALS),
        }
    )
    told = random.choice(6_000, 3_000)
    labels = pl.DataFrame(
        {
            "transaction_id": [f"t{n}" for n in told],
            "is_fraud": random.random(3_000) < 0.3,
            "known_at": [START + timedelta(minutes=int(m)) for m in random.integers(0, 80 * 24 * 60, 3_000)],
        }
    )
    transactions.write_delta(tmp_path / "transactions")
    labels.write_delta(tmp_path / "labels")
    scanned = [pl.scan_delta(tmp_path / name, version=0) for name in ("transactions", "labels")]
    found = pl.from_arrow(spread(spark, *scanned, Plan(timedelta(days=7)), rows=rows).toArrow())
    assert isinstance(found, pl.DataFrame)
    assert_frame_equal(
        found.sort("transaction_id"),
        evaluate(transactions, labels, WEEK).drop(*POSITIONS, "country", "ip", "signals").sort("transaction_id"),
        check_dtypes=False,
        check_column_order=False,
        check_exact=True,
    )
