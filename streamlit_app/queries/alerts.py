"""The alert queue, and what an analyst wants to see about one alert."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from fraud_assets.declarations.features.catalogue import FEATURES
from streamlit_app.queries.overview import AsOf, judged

LEVELS = ("critical", "high", "medium", "low")
_MEANINGS = {feature.name: (feature.meaning, feature.unit) for feature in FEATURES}


@dataclass(frozen=True)
class Filter:
    """What the queue is narrowed to; an empty text or tuple narrows nothing."""

    levels: tuple[str, ...] = ()
    since: datetime | None = None
    at_least: float = 0.0
    text: str = ""
    only_open: bool = False


def queue(alerts: pl.LazyFrame, labels: pl.LazyFrame | None, wanted: Filter, at: AsOf) -> pl.DataFrame:
    """Alerts that pass the filter, riskiest first, with ``label`` (fraud, genuine, or open: not known yet).

    ``text`` is looked for in the ids of customer, merchant and payment, letter case aside.
    """
    rows = alerts.filter(pl.col("amount") >= wanted.at_least)
    if wanted.levels:
        rows = rows.filter(pl.col("risk_level").is_in(wanted.levels))
    if wanted.since is not None:
        rows = rows.filter(pl.col("event_time") >= wanted.since)
    if text := wanted.text.strip().lower():
        ids = ("customer_id", "merchant_id", "transaction_id")
        rows = rows.filter(
            pl.any_horizontal(pl.col(i).str.to_lowercase().str.contains(text, literal=True) for i in ids)
        )
    rows = judged(rows, labels, at)
    if wanted.only_open:
        rows = rows.filter(pl.col("label") == "open")
    columns = ("risk_level", "score", "amount", "event_time", "customer_id", "merchant_id", "decision", "label")
    return rows.sort("score", "event_time", descending=True).select("transaction_id", *columns).collect()


def one(rows: pl.LazyFrame, transaction_id: str) -> dict[str, Any] | None:
    """The payment's row; None when the table has none."""
    alert = rows.filter(pl.col("transaction_id") == transaction_id).head(1).collect()
    return alert.row(0, named=True) if alert.height else None


def reasons(alert: dict[str, Any], currency: str | None = None) -> pl.DataFrame:
    """The alert's reasons, strongest last: ``words`` (meaning, value and unit) and ``contribution`` (log-odds)."""
    reasons = [(_in_words(r["feature"], r["value"], currency), r["contribution"]) for r in alert["reasons"] or []]
    frame = pl.DataFrame(reasons, schema={"words": pl.String, "contribution": pl.Float64}, orient="row")
    return frame.sort(pl.col("contribution").abs())


def _in_words(feature: str, value: float | None, currency: str | None) -> str:
    meaning, unit = _MEANINGS.get(feature, (feature, ""))
    if value is None:
        return f"{meaning}: unknown"
    if unit == "0 or 1":
        return f"{meaning.removeprefix('1 ')}: {'yes' if value else 'no'}"
    if unit == "0 to 1":
        return f"{meaning}: {value:.1%}"
    shown = f"{value:,.2f}".removesuffix(".00")
    return f"{meaning}: {shown} {currency if currency and unit == 'currency units' else unit}".rstrip()


def customer_payments(
    transactions: pl.LazyFrame, scores: pl.LazyFrame | None, customer: str, around: datetime, days: int = 30
) -> pl.DataFrame:
    """The customer's payments from ``days`` days before ``around`` to a week after it, oldest first.

    Columns: transaction_id, event_time, amount, merchant_id, risk_level (``not scored`` where nothing decided yet).
    """
    window = pl.col("event_time").is_between(around - timedelta(days=days), around + timedelta(days=7))
    mine = transactions.filter(pl.col("customer_id") == customer, window)
    level: pl.Expr = pl.lit("not scored")
    if scores is not None:
        levels = scores.filter(pl.col("customer_id") == customer, window).select("transaction_id", "risk_level")
        mine = mine.join(levels, on="transaction_id", how="left")
        level = pl.col("risk_level").fill_null("not scored")
    columns = ("transaction_id", "event_time", "amount", "merchant_id")
    return mine.select(*columns, level.alias("risk_level")).sort("event_time").collect()


def labels_of(labels: pl.LazyFrame, transaction_id: str) -> pl.DataFrame:
    """What became known about the payment, oldest first: known_at, is_fraud, origin, who, why.

    Labels of a lake that has not been refreshed since analysts' labels were introduced have no who and why.
    """
    wanted = pl.selectors.by_name("known_at", "is_fraud", "origin", "who", "why", require_all=False)
    return labels.filter(pl.col("transaction_id") == transaction_id).select(wanted).sort("known_at").collect()


def merchant_alerts(alerts: pl.LazyFrame, merchant: str, except_for: str, most: int = 10) -> pl.DataFrame:
    """The merchant's newest other alerts, at most ``most``, newest first."""
    others = alerts.filter(pl.col("merchant_id") == merchant, pl.col("transaction_id") != except_for)
    columns = ("risk_level", "score", "amount", "event_time", "customer_id", "transaction_id")
    return others.sort("event_time", descending=True).head(most).select(columns).collect()
