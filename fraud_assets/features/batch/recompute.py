"""Rows of gold.features that are rewritten in place; past decisions stay as they were made."""

from pyspark.sql import DataFrame, SparkSession

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.features.batch.source_rows import read_spark
from fraud_assets.features.fingerprint import FINGERPRINT
from fraud_assets.lake.location import Lake

IDENTITY = ["event_time", "customer_id", "merchant_id"]
"""When and between whom a payment was, which a correction may change."""
REWRITTEN = [*IDENTITY, *NAMES]
"""The columns that a recomputation may change."""


def rewrite_spark(spark: SparkSession, changed: DataFrame, lake: Lake) -> int:
    """Replace the stored features of the changed rows; returns how many."""
    changed.createOrReplaceTempView("changed_features")
    updates = ", ".join(f"t.`{name}` = s.`{name}`" for name in REWRITTEN)
    merged = spark.sql(
        f"MERGE INTO delta.`{lake.path(gold.FEATURES)}` t USING changed_features s "
        "ON t.source = s.source AND t.transaction_id = s.transaction_id "
        f"WHEN MATCHED THEN UPDATE SET {updates}, t.features_fingerprint = '{FINGERPRINT}', "
        "t.recomputed_at = current_timestamp(), t.deleted_at = NULL"
    ).first()
    return int(merged["num_updated_rows"]) if merged else 0


def mark_deleted_spark(spark: SparkSession, source: Source, lake: Lake) -> None:
    """Mark the rows of payments that the source has deleted, with the payments' last content."""
    updates = ", ".join(f"t.`{name}` = s.`{name}`" for name in (*IDENTITY, "amount", "deleted_at"))
    deleted = read_spark(spark, silver.TRANSACTIONS, source, lake).where("deleted_at IS NOT NULL")
    deleted.createOrReplaceTempView("deleted")
    spark.sql(
        f"MERGE INTO delta.`{lake.path(gold.FEATURES)}` t USING deleted s "
        "ON t.source = s.source AND t.transaction_id = s.transaction_id "
        f"WHEN MATCHED AND NOT t.deleted_at <=> s.deleted_at "
        f"THEN UPDATE SET {updates}, t.recomputed_at = current_timestamp()"
    ).collect()
