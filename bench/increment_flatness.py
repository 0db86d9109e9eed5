"""Whether ten thousand new payments cost silver the same on a short and on a long history.

One world's days stand in silver as a history of each size; then the days after it arrive in bronze, one at a time, and
each is carried into silver. The value is the dearest size's seconds by the cheapest's; the baseline is what is ideal.
"""

import tempfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from pyspark.sql import SparkSession

from bench.clock import seconds
from bench.payments import OF_SILVERS_STEP
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake import writing
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.sources.cards.payments import payments_of_day
from fraud_assets.sources.cards.records import encode, to_wire
from fraud_assets.sources.cards.world import World

GOAL = 1.2
SIZES = (100_000, 1_000_000, 10_000_000)
INCREMENT = 10_000
ROUNDS = 5
WORLD = World(customers=5_500, terminals=10_000)
TODAY = date(2026, 1, 1)
BATCH_DAYS = 50  # payments that are one commit


def run() -> dict[str, Any]:
    """Seconds of an increment, the best of some after a first, for each size; their ratio."""
    spark = SparkSession.builder.remote(settings().spark).getOrCreate()
    best = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
            lake = Lake(folder)
            create_all(spark, lake, OF_SILVERS_STEP)
            _fill(size, lake)
            best.append(min([_increment(spark, number, lake) for number in range(ROUNDS + 1)][1:]))
    value = max(best) / min(best)
    return {
        "name": "increment_flatness",
        "value": round(value, 2),
        "unit": "dearest by cheapest of " + ", ".join(f"{s:.2f} s" for s in best),
        "baseline": 1.0,
        "ratio": round(value, 2),
        "goal": GOAL,
        "met": value <= GOAL,
    }


def _fill(size: int, lake: Lake) -> None:
    """The days before today in silver, as many as hold ``size`` payments."""
    day, filled = TODAY, 0
    while filled < size:
        days = [payments_of_day(WORLD, day - timedelta(days=back + 1)) for back in range(BATCH_DAYS)]
        day -= timedelta(days=BATCH_DAYS)
        batch = pl.concat(days).head(size - filled)
        filled += writing.append(silver.TRANSACTIONS, _as_silver(batch, filled), lake)


def _as_silver(payments: pl.DataFrame, filled: int) -> pl.DataFrame:
    now = pl.lit(datetime.now(UTC))
    return payments.select(
        "transaction_id", "customer_id", "amount", "currency", "channel",
        pl.col("event_time").cast(pl.Datetime("us", "UTC")),
        source=pl.lit("cards"),
        merchant_id="terminal_id",
        topic=pl.lit("cards-transactions"),
        partition=pl.lit(0, pl.Int32),
        offset=pl.int_range(filled, filled + pl.len()),
        kafka_time=now,
        ingested_at=now,
        processed_at=now,
    )  # fmt: skip


def _increment(spark: SparkSession, number: int, lake: Lake) -> float:
    """Seconds that silver takes for the payments of a day after the history."""
    day = payments_of_day(WORLD, TODAY + timedelta(days=number)).head(INCREMENT)
    assert day.height == INCREMENT
    now = pl.lit(datetime.now(UTC))
    sent = encode(to_wire(day), "customer_id").select(
        "value",
        key=pl.col("key").cast(pl.Binary),
        source=pl.lit("cards"),
        topic=pl.lit("cards-transactions"),
        partition=pl.lit(1, pl.Int32),
        offset=pl.int_range(number * INCREMENT, number * INCREMENT + pl.len()),
        kafka_time=now,
        ingested_at=now,
    )
    writing.append(bronze.TRANSACTIONS, sent, lake)

    def loaded() -> None:
        result = bronze_to_silver(spark, named("cards"), "transactions", lake)
        assert result.written[silver.TRANSACTIONS] == INCREMENT

    return seconds(loaded)
