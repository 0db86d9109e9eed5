"""The features that exist, each declared once: what it means, its unit, how it is computed.

Training, scoring, the gold.features table and its documentation all read this list.
Names follow one grammar: entity_aggregate_column_window.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

DAY = 86_400

Entity = Literal["customer_id", "merchant_id"]
Aggregate = Literal["count", "mean"]


@dataclass(frozen=True)
class RowFeature:
    """A feature of the payment alone, as a Polars SQL expression over silver.transactions."""

    name: str
    meaning: str
    unit: str
    expression: str


@dataclass(frozen=True)
class WindowFeature:
    """An aggregate over an entity's payments in ``(t - window, t]``, t being the payment's event time.

    ``of`` is a column of silver.transactions, the payment itself included; or ``is_fraud``, in which case the
    window runs over the time at which each label became known, so nothing unknown at ``t`` can enter.
    """

    name: str
    meaning: str
    unit: str
    entity: Entity
    aggregate: Aggregate
    of: Literal["amount", "is_fraud"]
    window: int  # seconds


Feature = RowFeature | WindowFeature


def _customer(days: int) -> tuple[Feature, ...]:
    return (
        WindowFeature(
            f"customer_count_amount_{days}d", f"the customer's payments in {days} days, this one included",
            "payments", "customer_id", "count", "amount", days * DAY,
        ),
        WindowFeature(
            f"customer_mean_amount_{days}d", f"mean amount of the customer's payments in {days} days",
            "currency units", "customer_id", "mean", "amount", days * DAY,
        ),
    )  # fmt: skip


def _merchant(days: int) -> tuple[Feature, ...]:
    return (
        WindowFeature(
            f"merchant_count_labelled_{days}d", f"the merchant's payments whose label became known in {days} days",
            "payments", "merchant_id", "count", "is_fraud", days * DAY,
        ),
        WindowFeature(
            f"merchant_mean_fraud_{days}d", f"share of fraud among the labels that became known in {days} days",
            "0 to 1", "merchant_id", "mean", "is_fraud", days * DAY,
        ),
    )  # fmt: skip


FEATURES: tuple[Feature, ...] = (
    RowFeature("amount", "what was paid", "currency units", "amount"),
    RowFeature("time_is_weekend", "1 on Saturday and Sunday", "0 or 1",
               "cast(extract(isodow from event_time) >= 6 as double)"),
    RowFeature("time_is_night", "1 from midnight to 06:59 UTC", "0 or 1",
               "cast(extract(hour from event_time) <= 6 as double)"),
    *_customer(1), *_customer(7), *_customer(30),
    *_merchant(1), *_merchant(7), *_merchant(30),
)  # fmt: skip

NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
HORIZON = timedelta(seconds=max(feature.window for feature in FEATURES if isinstance(feature, WindowFeature)))
VERSION: str = hashlib.sha256(repr(FEATURES).encode()).hexdigest()[:12]
