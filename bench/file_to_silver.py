"""How fast a file of JSON lines becomes silver: replay to Kafka, ingest to bronze, load to silver, in turn.

The baseline is Spark reading the same file straight into a Delta table: no Kafka, no bronze, no rule, no deduplication.
"""

import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from bench.clock import rate, seconds
from bench.payments import OF_SILVERS_STEP
from fraud_assets.bronze.ingest import ingest
from fraud_assets.declarations.sources.source import Source, named
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.sources.ecommerce.simulate import to_file
from fraud_assets.sources.produce import ensure_topics
from fraud_assets.sources.replay.replay import replay

GOAL = 40_000
"""Rows a second: what replay's and silver's own goals leave when they and the ingest follow one another."""
ROWS = 300_000
ROUNDS = 3
END = datetime(2026, 1, 1, tzinfo=UTC)
FIELDS = (
    "transaction_id string, customer_id string, timestamp timestamp, amount double, product_category string, "
    "payment_method string, device_type string, location string, is_fraud boolean"
)


def run() -> dict[str, Any]:
    """Rows a second from the file's first read to silver's last commit, the best of several new topics and lakes."""
    spark = SparkSession.builder.remote(settings().spark).getOrCreate()
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        file = Path(folder) / "orders.jsonl"
        rows = to_file(ROWS, END, 0, file).records
        for number in range(ROUNDS):
            lake, source = Lake(f"{folder}/{number}"), _reading(f"bench-file-{number}")
            create_all(spark, lake, (*OF_SILVERS_STEP, silver.LABELS))
            ensure_topics(settings().kafka, [source.transactions.topic])
            bare.append(seconds(partial(_bare, spark, file, lake)))
            ours.append(seconds(partial(_ours, spark, source, file, lake)))
            (payments, _) = reconcile(source.name, lake)
            assert payments.balanced
            assert payments.bronze == rows
    return rate("file_to_silver", rows / min(ours), rows / min(bare), GOAL)


def _reading(topic: str) -> Source:
    ecommerce = named("ecommerce")
    return ecommerce.model_copy(update={"transactions": ecommerce.transactions.model_copy(update={"topic": topic})})


def _ours(spark: SparkSession, source: Source, file: Path, lake: Lake) -> None:
    here = settings()
    replay(file, source.transactions, here.kafka)
    ingest(spark, source.name, source.transactions, bronze.TRANSACTIONS, lake, here.kafka, here.max_offsets_per_trigger)
    bronze_to_silver(spark, source, "transactions", lake)


def _bare(spark: SparkSession, file: Path, lake: Lake) -> None:
    spark.read.schema(FIELDS).json(str(file)).write.format("delta").save(f"{lake.root}/bare")
