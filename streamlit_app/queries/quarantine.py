"""What is in quarantine: how often for which reason, and which records."""

import polars as pl

from fraud_assets.silver.quarantine import State, as_text, chosen

HELD = (State.OPEN, State.WAITING)
"""The states of records that are in quarantine still."""


def in_quarantine(cases: pl.LazyFrame) -> int:
    """Records that are open, or waiting to be read again."""
    return int(chosen(cases, states=HELD).select(pl.len()).collect().item())


def by_reason(cases: pl.LazyFrame) -> pl.DataFrame:
    """Records in quarantine by stream and reason, most first; a record with two reasons counts under both."""
    exploded = chosen(cases, states=HELD).select("stream", pl.col("reasons").alias("reason")).explode("reason")
    return exploded.group_by("stream", "reason").len("records").sort("records", "reason", descending=True).collect()


def newest(cases: pl.LazyFrame, most: int = 500) -> pl.DataFrame:
    """The newest records, newest first.

    Columns: quarantined_at, state, reasons (as one text), value (as text), stream, topic, partition, offset, who, why.
    """
    columns = ("quarantined_at", "state", "reasons", "value", "stream", "topic", "partition", "offset", "who", "why")
    newest = cases.sort("quarantined_at", "offset", descending=True).head(most).select(columns).collect()
    return newest.with_columns(
        pl.col("reasons").list.join("; "), pl.Series("value", [as_text(v) for v in newest["value"]], pl.String)
    )


def editable(value: bytes | None) -> str | None:
    """The record as a person may edit it; None where it is no text."""
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
