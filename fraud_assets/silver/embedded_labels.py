"""Labels embedded in payments' records: known after the label delay, revised by a database's later changes."""

import polars as pl

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import EMBEDDED
from fraud_assets.declarations.tables import silver
from fraud_assets.lake.location import Lake
from fraud_assets.silver.streams import COORDINATES

_COMPARED = ["transaction_id", "is_fraud", "known_at", "changed_at"]


def embedded_labels(first: pl.DataFrame, later: pl.DataFrame, source: Source, lake: Lake) -> pl.DataFrame:
    """The rows of silver.labels from payments' first records and from later records of a database.

    Both frames have silver's columns and ``is_fraud``; a database's also changed_at and ``began``, whether the record
    is the payment's creation. A creation's label is known after the label delay; any other from its changed_at on, if
    that is later. A later record counts if its label differs from the one before it. A record older than the label
    that silver has is ignored. No two labels of a payment are known at one moment: each follows the one before it by
    a microsecond at least.
    """
    due = pl.col("event_time") + source.label_delay
    labels = first.drop_nulls("is_fraud")
    if "began" not in labels.columns:
        return labels.with_columns(known_at=due)
    from_change = pl.max_horizontal(due, "changed_at")
    labels = labels.with_columns(known_at=pl.when("began").then(due).otherwise(from_change))
    later = later.drop_nulls("is_fraud").with_columns(known_at=from_change)
    if later.is_empty():
        return labels
    later = later.sort("changed_at", "kafka_time", *COORDINATES)
    same_batch = labels.join(later, on="transaction_id", how="semi").select(_COMPARED)
    before = pl.concat([_last(later, source, lake), same_batch])
    of_payment = pl.concat([before, later], how="diagonal").with_columns(new=pl.int_range(pl.len()) >= before.height)
    history = pl.col("changed_at") < pl.col("changed_at").first().over("transaction_id")
    differs = pl.col("is_fraud").ne_missing(pl.col("is_fraud").shift()).over("transaction_id")
    one_by_one = pl.col("known_at").cum_max() + pl.duration(microseconds=pl.int_range(pl.len()))
    revised = of_payment.remove(history).filter(differs).with_columns(one_by_one.over("transaction_id"))
    return pl.concat([labels, revised.filter("new").select(labels.columns)])


def _last(later: pl.DataFrame, source: Source, lake: Lake) -> pl.DataFrame:
    """The last embedded label that silver has of each of these payments."""
    embedded = lake.scan(silver.LABELS).filter(pl.col("source") == source.name, pl.col("origin") == EMBEDDED)
    theirs = embedded.join(later.lazy().select("transaction_id").unique(), on="transaction_id", how="semi")
    return theirs.sort("known_at").unique("transaction_id", keep="last").select(_COMPARED).collect()
