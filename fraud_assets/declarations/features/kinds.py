"""What a declaration of a feature is made of: the three kinds of features, and what each needs.

What belongs here: declarations as data. The declared features are in families/, how they are computed in evaluate.py.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

MINUTE, HOUR, DAY = 60, 3_600, 86_400

Entity = Literal["customer_id", "merchant_id"]
Aggregate = Literal["count", "sum", "mean", "std", "max", "gap"]
Members = Literal["with this one", "before this one", "known as genuine"]
Events = Literal["payments", "usual payments", "known frauds", "ordinary known frauds"]
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
    """A Polars SQL expression over columns of silver.transactions, inputs (see inputs.py) and features before it."""

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
    """An aggregate over an entity's payments in ``(t - window, t]``, t being the payment's event time.

    ``of`` is a column of silver.transactions, an input or a feature before it, of the payments that ``members`` says;
    those known as genuine at ``t`` are in the window by the time at which that became known. Or ``of`` is ``is_fraud``:
    then the window runs over the time at which each label became known, so nothing unknown at ``t`` can enter.
    ``last`` is how many there are at most, the newest. ``empty`` is the mean of an empty window (sum and count are 0);
    null where it is not given. A standard deviation is the sample's (n - 1), null of fewer than two. A gap is the time
    in seconds since the latest payment of which ``of`` is not 0, or since the first label of one of them last became
    known. A maximum is of payments, not by label.
    """

    name: str
    meaning: str
    unit: str
    entity: Entity
    aggregate: Aggregate
    of: str
    window: int  # seconds
    members: Members = "with this one"
    last: int | None = None
    empty: float | None = None
    known: str = AT_THE_PAYMENT

    @property
    def needs(self) -> frozenset[str]:
        """The columns the window reads."""
        return frozenset({self.entity}) | (frozenset() if self.of == "is_fraud" else {self.of})


@dataclass(frozen=True)
class RecentFeature:
    """A statistic over an entity's last payments, or known frauds, within ``(t - window, t]``; null where it has none.

    ``of`` says what the statistic looks back on: the payments before this one; those less the frauds known at ``t``
    (usual); the frauds known at ``t``, by the time they became known; or those of them that amount to no more than
    `ORDINARY` times the source's mean (ordinary). No more than the last `LAST` count. The statistics are in
    statistics.py.
    """

    name: str
    meaning: str
    unit: str
    entity: Entity
    of: Events
    statistic: Statistic
    window: int  # seconds
    known: str = AT_THE_PAYMENT

    @property
    def needs(self) -> frozenset[str]:
        """The columns the statistic reads."""
        ordinary = {"amount", "population_mean"} if self.of == "ordinary known frauds" else set()
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
