"""Simulated payments and chargebacks as Kafka records.

What belongs here: the contract of the topics cards-transactions and cards-labels, nothing about sending.
"""

from datetime import timedelta

import polars as pl

HIDDEN = ("is_fraud", "scenario")
"""Columns that a payment's record never has: the fraud arrives later, as a label."""

_ISO = "%Y-%m-%dT%H:%M:%S%.3fZ"


def to_wire(payments: pl.DataFrame) -> pl.DataFrame:
    """The columns of a payment's record, in order, times as ISO 8601 with milliseconds and Z."""
    return payments.drop(HIDDEN).with_columns(pl.col("event_time").dt.strftime(_ISO))


def encode(wire: pl.DataFrame, key: str) -> pl.DataFrame:
    """One JSON object a row: columns key (string; that of column ``key``, null if there is none) and value (bytes)."""
    name = pl.col(key) if key in wire.columns else pl.lit(None, pl.String)
    return wire.select(key=name, value=pl.struct(pl.all()).struct.json_encode().cast(pl.Binary))


def labels_of(payments: pl.DataFrame, delay: timedelta) -> pl.DataFrame:
    """The chargebacks of the fraudulent ones among ``payments``: columns labelled_at (UTC), key, value."""
    labelled_at = pl.col("event_time") + delay
    frauds = payments.filter("is_fraud")
    wire = frauds.select(
        "transaction_id",
        is_fraud=True,
        labelled_at=labelled_at.dt.strftime(_ISO),
        origin=pl.lit("chargeback"),
    )
    return frauds.select(labelled_at=labelled_at).hstack(encode(wire, "transaction_id"))
