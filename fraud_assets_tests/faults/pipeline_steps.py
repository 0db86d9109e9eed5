"""The pipeline's steps by name, in the order in which a record passes them, and the tables that each writes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from pyspark.sql import SparkSession

from fraud_assets.bronze.ingest import ingest
from fraud_assets.decisions import alerts
from fraud_assets.decisions import step as scoring
from fraud_assets.declarations.policy.schema import active
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import Table, bronze, gold, silver
from fraud_assets.features.batch import step as features
from fraud_assets.lake.location import Lake
from fraud_assets.silver import step as silver_step
from fraud_assets.summaries import activity
from fraud_assets.summaries.step import summarise
from fraud_assets.summaries.summaries import CUSTOMERS, HOURLY, MERCHANTS
from fraud_assets_tests import pipeline
from fraud_assets_tests.decisions.sample import champion

CARDS = named("cards")
BATCH = 1_000_000

Step = Callable[[SparkSession, Lake, str], object]
"""What a step does, given Spark, the lake and Kafka's address."""


def _bronze(spark: SparkSession, lake: Lake, kafka: str) -> None:
    for stream, (table, _) in silver_step.STREAMS.items():
        ingest(spark, "cards", getattr(CARDS, stream), table, lake, kafka, BATCH)


def _silver(spark: SparkSession, lake: Lake, kafka: str) -> None:
    for stream in silver_step.STREAMS:
        silver_step.bronze_to_silver(spark, CARDS, stream, lake)


def _features(spark: SparkSession, lake: Lake, kafka: str) -> None:
    features.compute(spark, CARDS, lake, pipeline.MAX_ROWS_IN_MEMORY)


def _scores(spark: SparkSession, lake: Lake, kafka: str) -> None:
    scoring.score(CARDS, champion(threshold=0.0), active(), lake)


def _alerts(spark: SparkSession, lake: Lake, kafka: str) -> None:
    alerts.raise_alerts("cards", lambda _: champion(threshold=0.0), lake)


def _summaries(spark: SparkSession, lake: Lake, kafka: str) -> None:
    for summary in (HOURLY, CUSTOMERS, MERCHANTS):
        summarise(spark, "cards", summary, lake)


def _windows(spark: SparkSession, lake: Lake, kafka: str) -> None:
    activity.aggregate(spark, "cards", lake, 0)


STEPS: Mapping[str, Step] = {
    "bronze": _bronze,
    "silver": _silver,
    "features": _features,
    "scores": _scores,
    "alerts": _alerts,
    "summaries": _summaries,
    "activity windows": _windows,
}
"""In the order in which a record passes them."""
HERE = ("scores", "alerts")
"""Steps that no size takes to Spark."""
IN_PROCESS = ("features", *HERE)
"""Steps whose own process writes a history as small as this one."""

WRITES: Mapping[str, tuple[Table, ...]] = {
    "bronze": (bronze.TRANSACTIONS, bronze.LABELS),
    "silver": (silver.TRANSACTIONS, silver.LABELS, silver.QUARANTINE, silver.DUPLICATES),
    "features": (gold.FEATURES,),
    "scores": (gold.SCORES, gold.DECISION_INPUTS, gold.DECISION_CONTEXTS),
    "alerts": (gold.ALERTS,),
    "summaries": (gold.HOURLY_CATEGORY_SUMMARY, gold.CUSTOMER_PROFILES, gold.MERCHANT_PROFILES),
    "activity windows": (gold.ACTIVITY_WINDOWS,),
}
"""The tables of each step; struck at the first, it has the others still to write."""

TABLES = tuple(table for step in STEPS for table in WRITES[step])
READ = (silver.QUARANTINE_ACTIONS,)
"""Tables that steps read besides, in which people write."""
COORDINATES = ("topic", "partition", "offset")
KEYS = {
    table.full_name: list(dict.fromkeys([*table.key, *(n for n in COORDINATES if n in table.column_names)]))
    for table in TABLES
}
"""What makes a row unique, and its record where it has one."""


@contextmanager
def large() -> Iterator[None]:
    """Every increment is Spark's, however small."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (silver_step, features):
            patch.setattr(module, "IN_PROCESS_ROWS", 0)
        patch.setattr(pipeline, "HELD_ROWS", 0)
        yield
