"""Labels that payments bring with them: known after the source's label delay, revised by their database's changes."""

import polars as pl

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import EMBEDDED
from fraud_assets.declarations.tables import silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.streams import COORDINATES

_SAID = ["transaction_id", "is_fraud", "known_at", "changed_at"]


def in_line_labels(first: pl.DataFrame, later: pl.DataFrame, source: Source, lake: Lake) -> pl.DataFrame:
    """The rows of silver.labels that payments' first records, and later records of a database on them, tell in line.

    Both have silver's columns and ``is_fraud``; ``later`` and what it follows also changed_at and ``began``, whether
    a record tells how its payment began. What the first record tells then is known after the label delay, what any
    other tells from when its database told it, if that is later. A later record counts where it tells another label
    than the one told before it; one told before the label that silver has is history. No two labels of a payment are
    known at one moment: each follows the one before it by a microsecond at least.
    """
    due = pl.col("event_time") + source.label_delay
    told = first.drop_nulls("is_fraud")
    if "began" not in told.columns:
        return told.with_columns(known_at=due)
    when_told = pl.max_horizontal(due, "changed_at")
    told = told.with_columns(known_at=pl.when("began").then(due).otherwise(when_told))
    later = later.drop_nulls("is_fraud").with_columns(known_at=when_told)
    if later.is_empty():
        return told
    later = later.sort("changed_at", "kafka_time", *COORDINATES)
    before = pl.concat([_last(later, source, lake), told.join(later, on="transaction_id", how="semi").select(_SAID)])
    of_payment = pl.concat([before, later], how="diagonal").with_columns(new=pl.int_range(pl.len()) >= before.height)
    history = pl.col("changed_at") < pl.col("changed_at").first().over("transaction_id")
    other = pl.col("is_fraud").ne_missing(pl.col("is_fraud").shift()).over("transaction_id")
    one_by_one = pl.col("known_at").cum_max() + pl.duration(microseconds=pl.int_range(pl.len()))
    revised = of_payment.remove(history).filter(other).with_columns(one_by_one.over("transaction_id"))
    return pl.concat([told, revised.filter("new").select(told.columns)])


def _last(later: pl.DataFrame, source: Source, lake: Lake) -> pl.DataFrame:
    """The label in line that silver was told last of each of these payments."""
    held = reads.scan(silver.LABELS, lake)
    assert held is not None
    in_line = held.filter(pl.col("source") == source.name, pl.col("origin") == EMBEDDED)
    theirs = in_line.join(later.lazy().select("transaction_id").unique(), on="transaction_id", how="semi")
    return theirs.sort("known_at").unique("transaction_id", keep="last").select(_SAID).collect()
