"""How fast all features that the Handbook's columns allow are, of its 1.75 M payments: read, computed, written.

The baseline is pandas without a loop over payments (reference_data/pandas_baseline.py), from the same file
to a Delta table; its values have to equal ours. Beside it, the way that larger histories take: by Spark's workers, to
the same kind of table. Ours and that are the best of three.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from bench.clock import seconds
from bench.features_vs_pandas import laid, ours, tables
from fraud_assets.declarations.features.catalogue import of_families
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.features.batch.plan import Plan
from fraud_assets.features.batch.spark import evaluate_spark
from fraud_assets.features.inputs.row import Facts
from fraud_assets.settings import settings
from reference_data import pandas_baseline
from reference_data.files import HANDBOOK
from reference_data.handbook_features import DELAY_DAYS

GOAL = 8.0  # times as fast as pandas
SPREAD_GOAL = 6.0  # times as long by Spark as in this process
BEGAN = datetime(2018, 4, 1, tzinfo=UTC)
FEATURES = of_families(["amount", "velocity", "time", "profile", "fraud_history"])
PLAN = Plan(timedelta(days=DELAY_DAYS), FEATURES, Facts(BEGAN))
ROUNDS = 3
STATISTICS = {name: value for name, value in gold.FEATURES.properties.items() if name.endswith("StatsColumns")}
"""As gold.features has them: of its keys only."""
TOLERANCE = 5e-6  # ours sums whole millionths


def run(file: Path = HANDBOOK) -> dict[str, Any]:
    """Seconds for all of ``file``, transactions in the Handbook's columns as Parquet.

    Raises:
        FraudError: the file is not there, or pandas comes to other values.
    """
    spark = SparkSession.builder.remote(settings().spark).getOrCreate()
    with laid(file) as lake:
        value = min(seconds(lambda: ours(lake, PLAN)) for _ in range(ROUNDS))
        # Spark overwrites a table of plain strings: Polars reads none that Spark made of Arrow
        empty = pl.scan_delta(lake / "features").limit(0).collect()
        empty.write_delta(lake / "spark", delta_write_options={"configuration": STATISTICS})
        by_spark = min(seconds(lambda: _by_spark(spark, lake)) for _ in range(ROUNDS))
        baseline = seconds(lambda: _pandas(file, lake))
        _assert_equal(lake)
    ratio, times = baseline / value, by_spark / value
    return {
        "name": "features_all_vs_pandas",
        "value": round(value, 2),
        "unit": "s",
        "features": len(FEATURES),
        "baseline": round(baseline, 2),
        "ratio": round(ratio, 1),
        "goal": GOAL,
        "by_spark": round(by_spark, 2),
        "times_by_spark": round(times, 2),
        "times_by_spark_goal": SPREAD_GOAL,
        "met": ratio >= GOAL and times <= SPREAD_GOAL,
    }


def _by_spark(spark: SparkSession, lake: Path) -> None:
    payments, labels = tables(lake)
    features = evaluate_spark(spark, payments, labels, PLAN, payments.select(pl.len()).collect().item())
    features.write.format("delta").mode("overwrite").save(str(lake / "spark"))


def _pandas(file: Path, lake: Path) -> None:
    found = pandas_baseline.features(pd.read_parquet(file))
    write_deltalake(lake / "pandas", found.reset_index(names="transaction_id"))


def _assert_equal(lake: Path) -> None:
    """Our features, from this process and by Spark, are pandas', of every payment."""
    written = [pl.scan_delta(lake / name) for name in ("pandas", "features", "spark")]
    for feature in FEATURES:
        expected, *found = (
            table.select("transaction_id", feature.name).sort("transaction_id").collect() for table in written
        )
        for one in found:
            same = np.isclose(one[feature.name], expected[feature.name], rtol=1e-6, atol=TOLERANCE, equal_nan=True)
            if not (one["transaction_id"].equals(expected["transaction_id"]) and same.all()):
                raise FraudError(f"features_all_vs_pandas: {np.count_nonzero(~same)} values of {feature.name} differ")
