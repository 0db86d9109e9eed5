"""The activity windows of a source's first history, computed in this process, and where the stream takes over.

A stream would put every window of the history into its state and take it out again. Windows that the history's own
watermark has closed are computed here instead; the stream reads the payments of the others only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake import writing
from fraud_assets.lake.location import Lake

_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Spans:
    """The windows: by span, how long one is and how long after another it starts; and the gap that ends a session."""

    windows: dict[str, tuple[timedelta, timedelta]]
    session: str
    gap: timedelta
    lateness: timedelta


@dataclass(frozen=True)
class Handover:
    """The stream reads payments from event time ``since`` on and writes windows that end after ``closed_until``."""

    since: datetime
    closed_until: datetime


def write(source: str, spans: Spans, most_rows: int, lake: Lake) -> Handover | None:
    """Write the windows that are closed; None, with nothing written, without payments or with more than ``most_rows``.

    The table must not have windows of the source yet.
    """
    own = lake.scan(silver.TRANSACTIONS).filter(pl.col("source") == source, pl.col("deleted_at").is_null())
    count, newest = own.select(pl.len(), pl.col("event_time").max()).collect().row(0)
    if not 0 < count <= most_rows:
        return None
    payments = own.select("source", "customer_id", "merchant_id", "event_time", "amount").collect()
    closed_until = newest - spans.lateness
    found = windows_in_process(payments, spans)
    is_open = pl.col("window_end") > closed_until
    open_since = found.filter(is_open).select(pl.col("window_start").min()).item() or closed_until
    closed = found.filter(~is_open).with_columns(closed_at=pl.lit(datetime.now(UTC), _TIME))
    writing.append(gold.ACTIVITY_WINDOWS, closed, lake)
    return Handover(min(open_since, closed_until - spans.gap), closed_until)


def windows_in_process(payments: pl.DataFrame, spans: Spans) -> pl.DataFrame:
    """As `activity.windows`, of a frame: the columns of gold.activity_windows but closed_at."""
    keys = ["source", "customer_id", "span", "window_start", "window_end"]
    parts = []
    for name, (length, every) in spans.windows.items():
        newest_start = pl.col("event_time").dt.truncate(every)
        for back in range(length // every):
            start = newest_start - back * every
            parts.append(payments.with_columns(span=pl.lit(name), window_start=start, window_end=start + length))
    parts.append(_in_sessions(payments, spans))
    return (
        pl.concat(parts)
        .group_by(keys)
        .agg(
            transactions=pl.len().cast(pl.Int64),
            amount_sum=pl.col("amount").sum(),
            amount_mean=pl.col("amount").mean(),
            amount_max=pl.col("amount").max(),
            merchants=pl.col("merchant_id").drop_nulls().n_unique().cast(pl.Int64),
        )
    )


def _in_sessions(payments: pl.DataFrame, spans: Spans) -> pl.DataFrame:
    """The payments, each with its customer's session."""
    customer = ["source", "customer_id"]
    ordered = payments.sort(*customer, "event_time")
    starts = (pl.col("event_time").diff().over(customer) > spans.gap).fill_null(True)
    numbered = ordered.with_columns(session=starts.cum_sum())
    return numbered.with_columns(
        span=pl.lit(spans.session),
        window_start=pl.col("event_time").min().over("session"),
        window_end=pl.col("event_time").max().over("session") + spans.gap,
    ).drop("session")
