from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.features.evaluate import evaluate
from fraud_assets.features.plan import Plan
from fraud_assets.features.spread import WORKER_ROWS, spread
from fraud_assets_tests.features.drawn import READ_ONLY, drawn

WEEK = timedelta(days=7)


@pytest.mark.stack
def test_spark_gives_what_one_frame_gives(spark: SparkSession, tmp_path: Path) -> None:
    """To the last bit, with columns that are only carried along, labels that are revised and labels of others."""
    transactions, labels = drawn(5_000)
    transactions.write_delta(tmp_path / "transactions")
    labels.write_delta(tmp_path / "labels")
    scanned = [pl.scan_delta(tmp_path / name, version=0) for name in ("transactions", "labels")]
    found = pl.from_arrow(spread(spark, *scanned, Plan(WEEK), rows=3 * WORKER_ROWS).toArrow())
    assert isinstance(found, pl.DataFrame)
    assert_frame_equal(
        found.sort("transaction_id"),
        evaluate(transactions, labels, WEEK // timedelta(seconds=1)).drop(READ_ONLY).sort("transaction_id"),
        check_dtypes=False,
        check_column_order=False,
        check_exact=True,
    )
