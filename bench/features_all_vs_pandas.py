"""How fast all features that the Handbook's columns allow are, of its 1.75 M payments: read, computed, written.

The baseline is careful pandas (no loop over payments, see fraud_assets_tests/features/careful.py), from the same file
to a Delta table; its values have to equal ours. Beside it, the same evaluation without Spark: alone
in this process, in Polars and numpy, from and to the same kind of tables. Ours and that are the best of two.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import polars as pl
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from bench.clock import seconds
from bench.features_vs_pandas import laid, ours, tables
from fraud_assets.errors import FraudError
from fraud_assets.features.catalogue import of_families
from fraud_assets.features.inputs import Facts
from fraud_assets.features.plan import Plan
from fraud_assets.settings import settings
from fraud_assets_tests.features import careful
from fraud_assets_tests.features.reference import DELAY_DAYS, HANDBOOK

GOAL = 8.0  # times as fast as pandas
ALONE_GOAL = 6.0  # times as long as alone in one process
BEGAN = datetime(2018, 4, 1, tzinfo=UTC)
FEATURES = of_families(["amount", "velocity", "time", "profile", "fraud_history"])
PLAN = Plan(timedelta(days=DELAY_DAYS), FEATURES, Facts(BEGAN))
ROUNDS = 2
TOLERANCE = 5e-6  # ours sums whole millionths


def run(file: Path = HANDBOOK) -> dict[str, Any]:
    """Seconds for all of ``file``, transactions in the Handbook's columns as Parquet.

    Raises:
        FraudError: the file is not there, or pandas comes to other values.
    """
    if not file.exists():
        raise FraudError(f"features_all_vs_pandas: no file {file}; give the Handbook's transactions as Parquet")
    spark = SparkSession.builder.remote(settings().spark).getOrCreate()
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        lake = Path(folder)
        rows = laid(file, lake)
        value = min(seconds(lambda: ours(spark, lake, rows, PLAN)) for _ in range(ROUNDS))
        alone = min(seconds(lambda: _alone(lake)) for _ in range(ROUNDS))
        baseline = seconds(lambda: _pandas(file, lake))
        _assert_equal(spark, lake)
    ratio, times = baseline / value, value / alone
    return {
        "name": "features_all_vs_pandas",
        "value": round(value, 2),
        "unit": "s",
        "features": len(FEATURES),
        "baseline": round(baseline, 2),
        "ratio": round(ratio, 1),
        "goal": GOAL,
        "alone": round(alone, 2),
        "times_alone": round(times, 2),
        "times_alone_goal": ALONE_GOAL,
        "met": ratio >= GOAL and times <= ALONE_GOAL,
    }


def _alone(lake: Path) -> None:
    payments, labels = tables(lake)
    found = PLAN.evaluate(payments.collect(), labels.collect(), PLAN.population(payments))
    found.write_delta(lake / "alone", mode="overwrite")


def _pandas(file: Path, lake: Path) -> None:
    found = careful.features(pd.read_parquet(file))
    write_deltalake(lake / "pandas", found.reset_index(names="transaction_id"))


def _assert_equal(spark: SparkSession, lake: Path) -> None:
    """Our features and those alone are pandas', of every payment."""
    files = spark.read.format("delta").load(str(lake / "features")).inputFiles()
    written = [
        pl.scan_delta(lake / "pandas"),
        pl.scan_parquet([unquote(file.removeprefix("file://")) for file in files]),
        pl.scan_delta(lake / "alone"),
    ]
    for feature in FEATURES:
        expected, *found = (
            table.select("transaction_id", feature.name).sort("transaction_id").collect() for table in written
        )
        for one in found:
            same = np.isclose(one[feature.name], expected[feature.name], rtol=1e-6, atol=TOLERANCE, equal_nan=True)
            if not (one["transaction_id"].equals(expected["transaction_id"]) and same.all()):
                raise FraudError(f"features_all_vs_pandas: {np.count_nonzero(~same)} values of {feature.name} differ")
