"""How fast bronze becomes silver: parsed, validated, deduplicated, the bad quarantined, all committed.

The baseline is a bare parse of the same records into a Delta table: no rule, no deduplication, no quarantine.
"""

import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.clock import rate, seconds
from bench.payments import OF_SILVERS_STEP, ROWS, START, records
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets.silver.step import bronze_to_silver

GOAL = 120_000
ROUNDS = 5
FIELDS = (
    "transaction_id string, event_time timestamp, customer_id string, terminal_id string, amount double, "
    "currency string, channel string, customer_x double, customer_y double, terminal_x double, terminal_y double"
)


def run() -> dict[str, Any]:
    """Bronze rows a second, the best of several new lakes on a warm stack."""
    spark = SparkSession.builder.remote(settings().spark).getOrCreate()
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        file = Path(folder) / "records.parquet"
        _as_bronze(records()).write_parquet(file)
        for number in range(ROUNDS):
            lake = Lake(f"{folder}/{number}")
            create_all(spark, lake, OF_SILVERS_STEP)
            _fill(spark, file, lake)
            bare.append(seconds(partial(_bare, spark, lake)))
            ours.append(seconds(partial(_ours, spark, lake)))
        rows = pl.scan_parquet(file).select(pl.len()).collect().item()
    return rate("silver_rows_per_s", rows / min(ours), rows / min(bare), GOAL)


def _as_bronze(sent: pl.DataFrame) -> pl.DataFrame:
    """Records where Kafka would have put them: two partitions in turn, a millisecond apart, after the last payment."""
    row = pl.int_range(pl.len())
    after = datetime(START.year + 1, START.month, START.day, tzinfo=UTC)
    return sent.select(
        partition=(row % 2).cast(pl.Int32),
        offset=row // 2,
        kafka_time=pl.lit(after) + pl.duration(milliseconds=row),
        key=pl.col("key").cast(pl.Binary),
        value="value",
    )


def _fill(spark: SparkSession, file: Path, lake: Lake) -> None:
    rows: DataFrame = spark.read.parquet(str(file)).withColumns(
        {
            "source": F.lit("cards"),
            "topic": F.lit("cards-transactions"),
            "headers": F.lit(None).cast("array<struct<key: string, value: binary>>"),
            "ingested_at": F.current_timestamp(),
        }
    )
    rows.select(bronze.TRANSACTIONS.column_names).write.format("delta").mode("append").save(
        lake.path(bronze.TRANSACTIONS)
    )


def _ours(spark: SparkSession, lake: Lake) -> None:
    result = bronze_to_silver(spark, named("cards"), "transactions", lake)
    assert result.written[silver.TRANSACTIONS] == ROWS
    assert result.written[silver.QUARANTINE] > 0
    assert result.written[silver.DUPLICATES] > 0


def _bare(spark: SparkSession, lake: Lake) -> None:
    raw = spark.read.format("delta").load(lake.path(bronze.TRANSACTIONS))
    parsed = raw.select("partition", "offset", F.from_json(F.col("value").cast("string"), FIELDS).alias("r"))
    parsed.select("partition", "offset", "r.*").write.format("delta").save(f"{lake.root}/bare")
