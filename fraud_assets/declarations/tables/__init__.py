"""What each table is, declared once: creation, checks, catalogue and docs all follow from here."""

from fraud_assets.declarations.tables import bronze, gold, silver
from fraud_assets.declarations.tables.schema import Column, Layer, Privacy, Table

ALL: tuple[Table, ...] = (
    bronze.TRANSACTIONS,
    bronze.LABELS,
    silver.TRANSACTIONS,
    silver.CORRECTIONS,
    silver.LABELS,
    silver.QUARANTINE,
    silver.QUARANTINE_ACTIONS,
    silver.DUPLICATES,
    silver.WATCHLISTS,
    gold.FEATURES,
    gold.SCORES,
    gold.DECISION_INPUTS,
    gold.DECISION_CONTEXTS,
    gold.ALERTS,
    gold.HOURLY_CATEGORY_SUMMARY,
    gold.ACTIVITY_WINDOWS,
    gold.CUSTOMER_PROFILES,
    gold.MERCHANT_PROFILES,
    gold.DRIFT,
    gold.MODEL_PERFORMANCE,
    gold.PIPELINE_RUNS,
)

__all__ = ["ALL", "Column", "Layer", "Privacy", "Table", "bronze", "gold", "silver"]
