"""What upkeep does for readers: how long scans of a table of many small commits take before and after it.

Two scans of silver.transactions as live traffic leaves it: one customer's payments, and the sums of every customer.
"""

import tempfile
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from bench.clock import seconds
from fraud_assets.declarations.tables import silver
from fraud_assets.lake import reads
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.lake.upkeep import maintain
from fraud_assets.settings import settings

COMMITS, ROWS, CUSTOMERS = 500, 1_000, 5_000
"""Commits, the payments in each, and who made them."""
ROUNDS = 3
GOAL = 0.5
"""The scans take at most this share of what they took before."""


def run() -> dict[str, Any]:
    """Seconds of both scans after upkeep, the best of several; the baseline is before it."""
    spark, table = SparkSession.builder.remote(settings().spark).getOrCreate(), silver.TRANSACTIONS
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        lake = Lake(folder)
        create_all(spark, lake, (table,))
        _fill(lake.path(table))
        before = min(seconds(lambda: _scan(lake)) for _ in range(ROUNDS))
        kept = maintain(spark, table, lake)
        assert kept is not None
        assert (kept.files_before, kept.files_after) == (COMMITS, 1)
        after = min(seconds(lambda: _scan(lake)) for _ in range(ROUNDS))
    return {
        "name": "upkeep_scan",
        "value": round(after, 3),
        "unit": "s",
        "baseline": round(before, 3),
        "ratio": round(after / before, 2),
        "goal": GOAL,
        "met": after <= GOAL * before,
    }


def _fill(path: str) -> None:
    draw, start = np.random.default_rng(0), datetime(2026, 1, 1, tzinfo=UTC)
    for commit in range(COMMITS):
        number = pl.int_range(commit * ROWS, (commit + 1) * ROWS, eager=True)
        frame = pl.DataFrame({"transaction_id": number.cast(pl.String)}).with_columns(
            source=pl.lit("cards"),
            event_time=pl.lit(start) + pl.duration(seconds=pl.lit(number) * 10),
            customer_id=pl.Series(draw.integers(CUSTOMERS, size=ROWS)).cast(pl.String),
            merchant_id=pl.Series(draw.integers(CUSTOMERS, size=ROWS)).cast(pl.String),
            amount=pl.Series(draw.lognormal(3, 1, ROWS)),
        )
        rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        write_deltalake(DeltaTable(path), rows, mode="append", schema_mode="merge")


def _scan(lake: Lake) -> None:
    payments = reads.scan(silver.TRANSACTIONS, lake)
    assert payments is not None
    one = payments.filter(pl.col("source") == "cards", pl.col("customer_id") == "17").collect()
    assert one.height
    sums = payments.group_by("customer_id").agg(pl.col("amount").sum()).collect()
    assert sums.height == CUSTOMERS
