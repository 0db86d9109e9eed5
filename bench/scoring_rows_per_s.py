"""How fast payments are scored: features read from Delta, scored, decided by the policy, written with their inputs.

The baseline is Spark's read of the same features and write of the same columns, without scoring. Payments are
simulated; their window features are drawn at random, as the speed of a tree does not depend on what the windows mean.
"""

import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from bench.clock import rate, seconds
from fraud_assets.decisions.step import score
from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.policy.schema import active
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold
from fraud_assets.features.fingerprint import FINGERPRINT
from fraud_assets.lake import writing
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.models.artifact_hash import hash_of
from fraud_assets.models.model_store import Card, Champion
from fraud_assets.settings import settings
from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.world import World
from fraud_assets.training.fit import fitting
from fraud_assets.version import code_version

GOAL = 500_000
START, DAYS = date(2026, 1, 1), 100
BATCH_DAYS = 20  # payments that are one commit
TRAIN_ROWS = 20_000
ROUNDS = 5
DECIDED = (gold.SCORES, gold.DECISION_INPUTS, gold.DECISION_CONTEXTS)
CARDS = named("cards")


def run() -> dict[str, Any]:
    """Rows a second of the whole way, the best of five, on the stack's Spark; both ways take turns."""
    spark = SparkSession.builder.remote(settings().spark).getOrCreate()
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        lake = Lake(str(Path(folder) / "lake"))
        rows, champion = _prepare(spark, lake)
        features = spark.read.format("delta").load(lake.path(gold.FEATURES))
        speeds = []
        for _ in range(ROUNDS):
            for table in DECIDED:
                shutil.rmtree(lake.path(table), ignore_errors=True)
            create_all(spark, lake, DECIDED)
            bare = rows / seconds(lambda: _write(_undecided(features), lake))
            ours = rows / seconds(lambda: score(CARDS, champion, active(), lake))
            speeds.append((ours, bare))
    value, baseline = (max(speed) for speed in zip(*speeds, strict=True))
    return rate("scoring_rows_per_s", value, baseline, GOAL)


def _prepare(spark: SparkSession, lake: Lake) -> tuple[int, Champion]:
    """Fill gold.features; returns its rows and a model of their large amounts."""
    create_all(spark, lake, (gold.FEATURES,))
    end = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=DAYS)
    days = list(payments_between(World(), START, end))
    random, rows, champion = np.random.default_rng(0), 0, None
    for first in range(0, len(days), BATCH_DAYS):
        batch = _features(pl.concat(days[first : first + BATCH_DAYS]), random)
        champion = champion or _champion(batch.head(TRAIN_ROWS))
        rows += writing.append(gold.FEATURES, batch, lake)
    assert champion is not None
    return rows, champion


def _features(payments: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    now = pl.lit(datetime.now(UTC))
    return payments.with_columns(
        pl.col("event_time").cast(pl.Datetime("us", "UTC")),
        *(pl.Series(name, random.exponential(5, payments.height)) for name in NAMES if name != "amount"),
        source=pl.lit("cards"),
        merchant_id="terminal_id",
        features_fingerprint=pl.lit(FINGERPRINT),
        kafka_time=now,
        computed_at=now,
        recomputed_at=pl.lit(None, pl.Datetime("us", "UTC")),
    )


def _champion(payments: pl.DataFrame) -> Champion:
    fitted = fitting.fit_rows(payments.select(NAMES), payments["is_fraud"] | (payments["amount"] > 150))
    file = model.to_bytes(fitted)
    return Champion(1, Card(NAMES, FINGERPRINT, 0.5, {}, hash_of(file), code_version()), file)


def _undecided(features: Any) -> Any:
    """The columns of gold.scores with constants where scoring would put its results."""
    constants = {
        "score": F.lit(0.5),
        "risk_level": F.lit("low"),
        "decision": F.lit("approve"),
        "model_version": F.lit(1),
        "policy_hash": F.lit("policy"),
        "lane": F.lit("batch"),
        "decided_at": F.current_timestamp(),
    }
    return features.withColumns(constants).select(gold.SCORES.column_names)


def _write(rows: Any, lake: Lake) -> None:
    rows.write.format("delta").mode("append").save(lake.path(gold.SCORES))
