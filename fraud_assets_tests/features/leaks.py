"""The leak test: does anything from the future enter a feature?

It takes any way of making features, changes what comes after a moment (amounts and labels, payments that vanish or
appear, labels that become known), makes the features again, and says which of them changed at or before that moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

Make = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
"""Payments and labels to the payments' features: transaction_id, event_time and a column a feature."""


@dataclass(frozen=True)
class Leak:
    """A feature that changed at or before a moment though only later things did, and the change that showed it."""

    feature: str
    change: str
    moment: datetime
    rows: int


def leaks(make: Make, payments: pl.DataFrame, labels: pl.DataFrame, moments: int = 3, seed: int = 0) -> list[Leak]:
    """The leaks of a way of making features, each feature once; none is what an honest one has.

    ``payments`` need transaction_id, event_time and amount; ``labels`` are transaction_id, is_fraud and known_at. A row
    that only one of two makings has (a resampled one) counts as changed under the name ``rows``. Values are compared to
    the last bit.
    """
    random = np.random.default_rng(seed)
    found: dict[str, Leak] = {}
    whole = make(payments, labels)
    times = payments["event_time"].sort()
    for place in random.uniform(0.2, 0.8, moments):
        moment = times[int(place * (len(times) - 1))]
        for change, (other, told) in _changes(payments, labels, moment, random).items():
            for feature, rows in _differences(whole, make(other, told), moment).items():
                found.setdefault(feature, Leak(feature, change, moment, rows))
    return list(found.values())


def _changes(
    payments: pl.DataFrame, labels: pl.DataFrame, moment: datetime, random: np.random.Generator
) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """What is true until the moment, with other things after it."""
    later, unknown = pl.col("event_time") > moment, pl.col("known_at") > moment
    amounts = pl.Series(random.gamma(2, 300, payments.height))
    kept = pl.Series(random.random(payments.height) < 0.5)
    copies = payments.filter(later).with_columns(
        pl.col("transaction_id") + "'", event_time=pl.col("event_time") + timedelta(minutes=7), amount=pl.lit(1e4)
    )
    return {
        "amounts": (payments.with_columns(amount=pl.when(later).then(amounts).otherwise("amount")), labels),
        "labels": (
            payments, labels.with_columns(is_fraud=pl.when(unknown).then(~pl.col("is_fraud")).otherwise("is_fraud")),
        ),
        "labels that never come": (payments, labels.filter(~unknown)),
        "payments that vanish": (payments.filter(~later | kept), labels),
        "payments that appear": (pl.concat([payments, copies]), labels),
    }  # fmt: skip


def _differences(one: pl.DataFrame, other: pl.DataFrame, moment: datetime) -> dict[str, int]:
    """In how many rows at or before the moment each feature differs."""
    first, second = (frame.filter(pl.col("event_time") <= moment).sort("transaction_id") for frame in (one, other))
    if not first["transaction_id"].equals(second["transaction_id"]):
        return {"rows": abs(first.height - second.height) or 1}
    names = [name for name in one.columns if name not in ("transaction_id", "event_time")]
    counts = {name: int(first[name].ne_missing(second[name]).sum()) for name in names}
    return {name: rows for name, rows in counts.items() if rows}
