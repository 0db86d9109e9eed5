"""How fast the features of the Fraud Detection Handbook's 1.75 M payments are: read, computed, written to Delta.

The baseline is the plain pandas computation of the same, from the same file to a Delta table. Both run once the stack's
Spark is warm; ours is the best of three, as pandas is nothing but one long loop and varies little.
"""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from bench.clock import seconds
from fraud_assets.errors import FraudError
from fraud_assets.features.catalogue import FEATURES
from fraud_assets.features.plan import Plan
from fraud_assets.features.spread import spread
from fraud_assets.settings import settings
from fraud_assets_tests.features import reference
from fraud_assets_tests.features.reference import DELAY_DAYS, HANDBOOK, canonical, handbook_features

GOAL = 10.0  # times as fast as pandas
HANDBOOKS = tuple(feature for feature in FEATURES if feature.name in reference.HANDBOOKS)
PLAN = Plan(timedelta(days=DELAY_DAYS), HANDBOOKS)
ROUNDS = 3


def run(file: Path = HANDBOOK) -> dict[str, Any]:
    """Seconds for all of ``file``, the Handbook's transactions as Parquet.

    Raises:
        FraudError: the file is not there.
    """
    if not file.exists():
        raise FraudError(f"features_vs_pandas: no file {file}; give the path of the Handbook's transactions as Parquet")
    spark = SparkSession.builder.remote(settings().spark).getOrCreate()
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        lake = Path(folder)
        rows = laid(file, lake)
        value = min(seconds(lambda: ours(spark, lake, rows, PLAN)) for _ in range(ROUNDS))
        baseline = seconds(lambda: _pandas(file, lake))
    ratio = baseline / value
    return {
        "name": "features_vs_pandas",
        "value": round(value, 2),
        "unit": "s",
        "baseline": round(baseline, 2),
        "ratio": round(ratio, 1),
        "goal": GOAL,
        "met": ratio >= GOAL,
    }


def laid(file: Path, lake: Path) -> int:
    """Write the Handbook's payments and labels to Delta tables; how many payments there are."""
    transactions, labels = canonical(pl.read_parquet(file))
    transactions.write_delta(lake / "transactions")
    labels.write_delta(lake / "labels")
    return transactions.height


def tables(lake: Path) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """What `laid` wrote."""
    return pl.scan_delta(lake / "transactions", version=0), pl.scan_delta(lake / "labels", version=0)


def ours(spark: SparkSession, lake: Path, rows: int, plan: Plan) -> None:
    """Compute a plan's features by Spark into the table ``features``."""
    features = spread(spark, *tables(lake), plan, rows)
    features.write.format("delta").mode("overwrite").save(str(lake / "features"))


def _pandas(file: Path, lake: Path) -> None:
    write_deltalake(lake / "pandas", handbook_features(pd.read_parquet(file)).reset_index())
