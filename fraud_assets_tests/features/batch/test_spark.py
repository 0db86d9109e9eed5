from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.declarations.features.catalogue import of_families
from fraud_assets.features.batch.plan import Plan, widened
from fraud_assets.features.batch.spark import WORKER_ROWS, evaluate_spark
from fraud_assets_tests.features.drawn import drawn

WEEK = timedelta(days=7)


@pytest.mark.stack
@pytest.mark.parametrize(
    ("plan", "rows"),
    [(Plan(WEEK), 3 * WORKER_ROWS), (Plan(WEEK, of_families(["time"])), 1)],
    ids=["three chunks, joined", "of payments alone"],
)
def test_spark_gives_what_one_frame_gives(spark: SparkSession, tmp_path: Path, plan: Plan, rows: int) -> None:
    """To the last bit, with columns that are only carried along, labels that are revised and labels of others."""
    transactions, labels = drawn(5_000)
    transactions.write_delta(tmp_path / "transactions")
    labels.write_delta(tmp_path / "labels")
    payments, known = (pl.scan_delta(tmp_path / name, version=0) for name in ("transactions", "labels"))
    found = pl.from_arrow(evaluate_spark(spark, payments, known, plan, rows).toArrow())
    assert isinstance(found, pl.DataFrame)
    whole = widened(plan.evaluate(transactions, labels, plan.baseline(transactions.lazy())))
    assert_frame_equal(
        found.select(whole.columns).sort("transaction_id"),
        whole.sort("transaction_id").cast({pl.Datetime: found.schema["event_time"]}),
        check_exact=True,
    )
