"""The writers of silver's step: one a target, each committing its rows of a batch together with its cursor."""

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import EMBEDDED, IS_FRAUD, Stream
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import writing
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.silver import corrections
from fraud_assets.silver.batch import Batch
from fraud_assets.silver.embedded_labels import embedded_labels
from fraud_assets.silver.streams import COORDINATES, STREAMS

Writer = Callable[[Batch, Increment, Lake], int]
"""Writes a batch's rows for the increment's target; returns how many."""

_OF_A_LABEL = ["transaction_id", "event_time", "changed_at", "began", "kafka_time", "ingested_at"]


def writers(source: Source, stream: str) -> dict[Table, Writer]:
    """The targets of a source's stream and their writers, in the order in which they are written."""
    target = STREAMS[stream][1]
    described: Stream = getattr(source, stream)
    found: dict[Table, Writer] = {target: write_new}
    if target is silver.TRANSACTIONS and IS_FRAUD.name in described.columns:
        found[silver.LABELS] = write_embedded_labels
    if corrections.apply_to(described, target):
        found[silver.CORRECTIONS] = write_corrections
    return found | {silver.QUARANTINE: write_quarantine, silver.DUPLICATES: write_duplicates}


def write_new(batch: Batch, increment: Increment, lake: Lake) -> int:
    """The first record of each key, to silver.transactions or silver.labels."""
    rows = _with(batch.rows(batch.new), source=batch.source.name, processed_at=datetime.now(UTC))
    return writing.append_in_process(rows, increment, lake)


def write_embedded_labels(batch: Batch, increment: Increment, lake: Lake) -> int:
    """The labels in payments' own records, to silver.labels."""
    needed = [*_OF_A_LABEL, *COORDINATES, IS_FRAUD.name]
    new, later = (
        pl.DataFrame(rows.select([name for name in needed if name in rows.column_names]))
        for rows in (batch.rows(batch.new), batch.rows(batch.later))
    )
    labels = embedded_labels(new, later, batch.source, lake).to_arrow(compat_level=pl.CompatLevel.oldest())
    rows = _with(labels, source=batch.source.name, origin=EMBEDDED, processed_at=datetime.now(UTC))
    return writing.append_in_process(rows, increment, lake)


def write_corrections(batch: Batch, increment: Increment, lake: Lake) -> int:
    """Later changes of payments in a database, to silver.corrections."""
    rows = _with(batch.rows(batch.changed), source=batch.source.name, found_at=datetime.now(UTC))
    return writing.append_in_process(rows, increment, lake)


def write_quarantine(batch: Batch, increment: Increment, lake: Lake) -> int:
    """Rejected records as they were sent, to silver.quarantine."""
    rejected = batch.rejected
    if rejected.is_empty():
        writing.skip(increment, lake)
        return 0
    stamp = {"stream": pl.lit(batch.stream), "quarantined_at": pl.lit(datetime.now(UTC))}
    rows = (records.join(rejected, on=COORDINATES).with_columns(**stamp) for records in batch.raw)
    return writing.append_batches(rows, increment, lake)


def write_duplicates(batch: Batch, increment: Increment, lake: Lake) -> int:
    """Records with the key and content of an earlier one, to silver.duplicates."""
    rows = batch.rows(batch.duplicates)
    stamped = _with(rows, source=batch.source.name, stream=batch.stream, found_at=datetime.now(UTC))
    return writing.append_in_process(stamped, increment, lake)


def _with(rows: pa.Table, **values: str | datetime) -> pa.Table:
    """The rows with columns of one value each."""
    for name, value in values.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
    return rows
