"""What a declaration of a feature is made of: the three kinds of features, and what each needs.

What belongs here: declarations as data. The declared features are in families/; fraud_assets/features computes.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

MINUTE, HOUR, DAY = 60, 3_600, 86_400

Entity = Literal["customer_id", "merchant_id"]
Aggregate = Literal["count", "sum", "mean", "std", "max", "gap"]
Timeline = Literal["payments", "genuine payments", "labels"]
RecentEvents = Literal[
    "payments", "payments not known as fraud", "known frauds", "known frauds of ordinary amount"
]  # fmt: skip
Statistic = Literal[
    "count", "percentile", "median", "spread", "gap", "median_gap", "same_hour", "same_merchant", "same_country",
    "last_distance", "usual_distance",
    "run_count", "run_age", "run_quiet", "run_genuine", "run_share", "run_amount",
]  # fmt: skip

AT_THE_PAYMENT = "at the payment"
FROM_LABELS = "at the payment, from the labels known by then"
FROM_REFERENCES = "at the payment, from the lists known by then"


@dataclass(frozen=True)
class RowFeature:
    """A Polars SQL expression over columns of silver.transactions, inputs and features before it."""

    name: str
    meaning: str
    unit: str
    expression: str
    known: str = AT_THE_PAYMENT

    @property
    def needs(self) -> frozenset[str]:
        """The columns the expression names."""
        return _roots(self.expression)


@dataclass(frozen=True)
class WindowFeature:
    """An aggregate of ``column`` over one entity's events in ``(t - window, t]``, t being the payment's event time.

    ``timeline`` says what the events are, and when:

    - "payments": the entity's payments, when they happened; this one too if ``include_current``;
    - "genuine payments": those known at t as genuine, when that became known;
    - "labels": what labels say (``column`` is ``is_fraud``), when each became known, so nothing unknown at t enters.

    ``column`` is a column of silver.transactions, an input, or a feature before it. ``last`` limits the window to its
    newest events, a label's correction being one. ``default`` is the mean of an empty window, null if not given; count
    and sum are then 0. A standard deviation is the sample's (n - 1), null of fewer than two values. A gap is the time
    in seconds since the newest payment whose ``column`` is not 0, or since a payment's first label last became known.
    """

    name: str
    meaning: str
    unit: str
    entity: Entity
    aggregate: Aggregate
    column: str
    window: int  # seconds
    timeline: Timeline = "payments"
    include_current: bool = True
    last: int | None = None
    default: float | None = None
    known: str = AT_THE_PAYMENT

    @property
    def needs(self) -> frozenset[str]:
        """The columns of payments that the window reads."""
        return frozenset({self.entity} if self.timeline == "labels" else {self.entity, self.column})


@dataclass(frozen=True)
class RecentFeature:
    """A statistic of an entity's newest events within ``(t - window, t]``, `LAST` at most; null without any.

    ``events`` says which: the payments before this one; those of them that are not known as fraud at t; the payments
    known as fraud at t, by the time that became known; or those of them whose amount is at most `ORDINARY` times the
    source's mean. Events that do not count still are among the `LAST`. The statistics are in algebra/statistics.py.
    """

    name: str
    meaning: str
    unit: str
    entity: Entity
    events: RecentEvents
    statistic: Statistic
    window: int  # seconds
    known: str = AT_THE_PAYMENT

    @property
    def needs(self) -> frozenset[str]:
        """The columns of payments that the statistic reads."""
        ordinary = {"amount", "population_mean"} if self.events == "known frauds of ordinary amount" else set()
        return frozenset({self.entity, "amount_log", *_READ.get(self.statistic, ()), *ordinary})


Feature = RowFeature | WindowFeature | RecentFeature

LAST = 32
ORDINARY = 2.5

_READ: dict[str, tuple[str, ...]] = {
    "same_hour": ("time_hour",),
    "same_merchant": ("merchant_id",),
    "same_country": ("country",),
    "last_distance": ("merchant_latitude", "merchant_longitude"),
    "usual_distance": ("merchant_latitude", "merchant_longitude"),
}


@cache
def parsed(expression: str) -> pl.Expr:
    """A Polars SQL expression as Polars has it."""
    return pl.sql_expr(expression)


@cache
def _roots(expression: str) -> frozenset[str]:
    return frozenset(parsed(expression).meta.root_names())
