"""Figures of the Overview page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl


@dataclass(frozen=True)
class Payments:
    """How many payments there are, the newest one's event time, and their currency if they share one."""

    count: int
    newest: datetime | None
    currency: str


@dataclass(frozen=True)
class Decisions:
    """How many payments were decided, how many of them not approved, and when the newest decision was made."""

    count: int
    flagged: int
    newest: datetime | None


@dataclass(frozen=True)
class AsOf:
    """Labels known until ``now``; a payment before ``settled`` is genuine unless a label says fraud (UTC)."""

    now: datetime
    settled: datetime


@dataclass(frozen=True)
class Settled:
    """How many payments are settled, and how many of them are labelled as fraud."""

    count: int
    fraud: int


@dataclass(frozen=True)
class Open:
    """All alerts, those whose payment is neither labelled nor settled, and the sum of the latter's amounts."""

    alerts: int
    open: int
    money: float


def payments(transactions: pl.LazyFrame) -> Payments:
    """Totals of silver.transactions."""
    currency = pl.col("currency")
    count, newest, kinds, first = (
        transactions.select(
            pl.len(), pl.col("event_time").max(), currency.n_unique().alias("kinds"), currency.first().alias("first")
        )
        .collect()
        .row(0)
    )
    return Payments(count, newest, first or "" if kinds == 1 else "")


def decisions(scores: pl.LazyFrame) -> Decisions:
    """Totals of gold.scores."""
    flagged = (pl.col("decision") != "approve").sum().alias("flagged")
    return Decisions(*scores.select(pl.len(), flagged, pl.col("decided_at").max()).collect().row(0))


def judged(payments: pl.LazyFrame, labels: pl.LazyFrame | None, at: AsOf) -> pl.LazyFrame:
    """The payments with ``label``: fraud, genuine, or open before the label delay ends; the newest label counts."""
    unless_told = pl.when(pl.col("event_time") <= at.settled).then(pl.lit("genuine")).otherwise(pl.lit("open"))
    if labels is None:
        return payments.with_columns(label=unless_told)
    known = pl.when(pl.col("is_fraud")).then(pl.lit("fraud")).otherwise(pl.lit("genuine"))
    in_force = (
        labels.filter(pl.col("known_at") <= at.now)
        .group_by("transaction_id")
        .agg(pl.col("is_fraud").sort_by("known_at").last())
        .select("transaction_id", known.alias("label"))
    )
    joined = payments.join(in_force, on="transaction_id", how="left")
    return joined.with_columns(pl.col("label").fill_null(unless_told))


def settled(transactions: pl.LazyFrame, labels: pl.LazyFrame | None, at: AsOf) -> Settled:
    """Fraud among the settled payments of silver.transactions; of younger ones only the frauds would be known."""
    settled = transactions.filter(pl.col("event_time") <= at.settled).select("transaction_id", "event_time")
    fraud = (pl.col("label") == "fraud").sum()
    return Settled(*judged(settled, labels, at).select(pl.len(), fraud).collect().row(0))


def at_risk(alerts: pl.LazyFrame, labels: pl.LazyFrame | None, at: AsOf) -> Open:
    """Totals of gold.alerts and of those that are still open."""
    still, amount = pl.col("label") == "open", pl.col("amount")
    totals = judged(alerts, labels, at).select(
        pl.len(), still.sum().alias("open"), amount.filter(still).sum().alias("money")
    )
    return Open(*totals.collect().row(0))


def volume(transactions: pl.LazyFrame, alerts: pl.LazyFrame | None, until: datetime, days: int) -> pl.DataFrame:
    """Payments and alerts an hour (up to a week) or a day, from ``days`` days before ``until`` to ``until``.

    Columns: time (start of the hour or day), payments, alerts; hours and days without payments are there with zeros.
    """
    every = "1h" if days <= 7 else "1d"
    start, time = (until - timedelta(days=days)).replace(minute=0, second=0, microsecond=0), pl.col("event_time")
    if every == "1d":
        start = start.replace(hour=0)

    def counted(rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
        inside = rows.filter(time.is_between(start, until))
        return inside.group_by(time.dt.truncate(every).alias("time")).agg(pl.len().alias(name))

    clock = pl.LazyFrame({"time": [start, until]}, schema={"time": pl.Datetime("us", "UTC")}).select(
        pl.datetime_range(pl.col("time").min(), pl.col("time").max(), every).alias("time")
    )
    joined = clock.join(counted(transactions, "payments"), on="time", how="left")
    if alerts is not None:
        joined = joined.join(counted(alerts, "alerts"), on="time", how="left")
    else:
        joined = joined.with_columns(alerts=None)
    return joined.with_columns(pl.col("payments", "alerts").fill_null(0).cast(pl.Int64)).sort("time").collect()
