"""How fast the features of the Fraud Detection Handbook's 1.75 M payments are: read, computed, written to Delta.

The baseline is the plain pandas computation of the same, from the same file to a Delta table. Ours is the best of
three, as pandas is nothing but one long loop and varies little.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
from deltalake import write_deltalake

from bench.clock import seconds
from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.errors import FraudError
from fraud_assets.features.batch.chunks import evaluate_in_chunks
from fraud_assets.features.batch.plan import Plan
from fraud_assets.lake.writing import streamed, writer_properties
from reference_data.files import HANDBOOK
from reference_data.handbook_features import DELAY_DAYS, canonical, handbook_features
from reference_data.handbook_features import HANDBOOKS as NAMES

GOAL = 10.0  # times as fast as pandas
HANDBOOKS = tuple(feature for feature in FEATURES if feature.name in NAMES)
PLAN = Plan(timedelta(days=DELAY_DAYS), HANDBOOKS)
ROUNDS = 3


def run(file: Path = HANDBOOK) -> dict[str, Any]:
    """Seconds for all of ``file``, the Handbook's transactions as Parquet.

    Raises:
        FraudError: the file is not there.
    """
    with laid(file) as lake:
        value = min(seconds(lambda: ours(lake, PLAN)) for _ in range(ROUNDS))
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


@contextmanager
def laid(file: Path) -> Iterator[Path]:
    """A folder with the payments and labels of ``file`` in Delta tables.

    Raises:
        FraudError: the file is not there.
    """
    if not file.exists():
        raise FraudError(f"no file {file}; give the path of the Handbook's transactions as Parquet")
    transactions, labels = canonical(pl.read_parquet(file))
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        transactions.write_delta(Path(folder) / "transactions")
        labels.write_delta(Path(folder) / "labels")
        yield Path(folder)


def tables(lake: Path) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """What `laid` wrote."""
    return pl.scan_delta(lake / "transactions", version=0), pl.scan_delta(lake / "labels", version=0)


def ours(lake: Path, plan: Plan) -> None:
    """Compute a plan's features into the table ``features``, as for a first history."""
    chunks = evaluate_in_chunks(*tables(lake), plan)
    first = next(chunks)
    schema = first.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    rows = streamed(chain([first], chunks), schema)
    write_deltalake(lake / "features", rows, mode="overwrite", writer_properties=writer_properties(schema))


def _pandas(file: Path, lake: Path) -> None:
    write_deltalake(lake / "pandas", handbook_features(pd.read_parquet(file)).reset_index())
