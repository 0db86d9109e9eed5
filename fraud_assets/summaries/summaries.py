"""What each summary says of payments: pure transforms, and by which column new rows tell what to compute again.

Payments come in silver's columns with ``is_fraud`` beside them, null where there is no label.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from fraud_assets.declarations.tables import Table, gold

HOUR = "date_trunc('hour', event_time)"
NIGHT_ENDS = 6


@dataclass(frozen=True)
class Summary:
    """A table of one row a group, and how it follows from payments.

    ``affected_by`` is the SQL expression over a payment whose values name what a new row changes; null names nothing.
    The second column of the table's key has these values.
    """

    table: Table
    affected_by: str
    of: Callable[[DataFrame], DataFrame]


def hourly_categories(payments: DataFrame) -> DataFrame:
    """Payments by source, hour and category; a source without categories has one row an hour."""
    return payments.groupBy("source", F.expr(HOUR).alias("hour"), "category").agg(
        *amounts(),
        F.count_distinct("customer_id").alias("customers"),
        F.count_distinct("merchant_id").alias("merchants"),
        *_frauds(),
    )


def customers(payments: DataFrame) -> DataFrame:
    """One row a customer."""
    night = F.avg((F.hour("event_time") < NIGHT_ENDS).cast("double"))
    return payments.groupBy("source", "customer_id").agg(
        *_life(),
        *amounts(),
        F.stddev_samp("amount").alias("amount_stddev"),
        F.count_distinct("merchant_id").alias("merchants"),
        F.count_distinct("category").alias("categories"),
        F.mode("category", deterministic=True).alias("usual_category"),
        night.alias("night_share"),
        *_frauds(),
    )


def merchants(payments: DataFrame) -> DataFrame:
    """One row a merchant; payments that name none are left out."""
    return (
        payments.where(F.col("merchant_id").isNotNull())
        .groupBy("source", "merchant_id")
        .agg(
            *_life(),
            *amounts(),
            F.count_distinct("customer_id").alias("customers"),
            F.mode("category", deterministic=True).alias("usual_category"),
            *_frauds(),
        )
    )


def amounts() -> list[Column]:
    """How many payments a group has, and what was paid in them."""
    return [
        F.count("*").alias("transactions"),
        F.sum("amount").alias("amount_sum"),
        F.avg("amount").alias("amount_mean"),
        F.max("amount").alias("amount_max"),
    ]


def _frauds() -> list[Column]:
    known = F.count_if(F.col("is_fraud"))
    return [known.alias("frauds"), (known / F.count("*")).alias("fraud_rate")]


def _life() -> list[Column]:
    return [
        F.min("event_time").alias("first_payment"),
        F.max("event_time").alias("last_payment"),
        F.count_distinct(F.to_date("event_time")).alias("active_days"),
    ]


HOURLY = Summary(gold.HOURLY_CATEGORY_SUMMARY, HOUR, hourly_categories)
CUSTOMERS = Summary(gold.CUSTOMER_PROFILES, "customer_id", customers)
MERCHANTS = Summary(gold.MERCHANT_PROFILES, "merchant_id", merchants)
