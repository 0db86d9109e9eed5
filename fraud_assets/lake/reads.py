"""Small reads of whole tables without Spark: the dashboard, the sensors and the checks use these.

Reads of what a table gained are in reading.py.
"""

from datetime import datetime

import polars as pl
import pyarrow as pa

from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake


def version(table: Table, lake: Lake) -> int | None:
    """The table's newest version; None when it was never created."""
    delta = lake.opened(table)
    return None if delta is None else int(delta.version())


def scan(table: Table, lake: Lake, version: int | None = None) -> pl.LazyFrame | None:
    """The table's rows as a lazy frame, deletion vectors applied; None when it was never created."""
    if lake.opened(table, version) is None:
        return None
    return lake.scan(table, version)


def not_deleted(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The rows without those of payments that their source has deleted, where the table has that column."""
    return frame.filter(pl.col("deleted_at").is_null()) if "deleted_at" in frame.collect_schema() else frame


def count(table: Table, lake: Lake, source: str | None = None, version: int | None = None) -> int:
    """Rows of the table (of one source, if given); 0 when it was never created."""
    frame = scan(table, lake, version)
    if frame is None:
        return 0
    if source is not None:
        frame = frame.filter(pl.col("source") == source)
    return int(frame.select(pl.len()).collect().item())


def newest_time(table: Table, lake: Lake, source: str) -> datetime | None:
    """The latest value of the table's time column for a source, from the log's statistics; None without rows."""
    delta = lake.opened(table)
    if delta is None:
        return None
    files = pl.DataFrame(pa.table(delta.get_add_actions(flatten=True)))
    if "source" in table.partition_by:
        files = files.filter(pl.col("partition.source") == source)
    latest = files[f"max.{table.time}"].max() if f"max.{table.time}" in files.columns else None
    return latest if isinstance(latest, datetime) else None


def nulls_in_key(table: Table, lake: Lake) -> int:
    """Nulls in the columns of the table's key, from the log's statistics."""
    delta = lake.opened(table)
    if delta is None:
        return 0
    files = pl.DataFrame(pa.table(delta.get_add_actions(flatten=True)))
    counts = [f"null_count.{column}" for column in table.key if f"null_count.{column}" in files.columns]
    return int(files.select(pl.sum_horizontal(pl.col(counts).sum())).item() or 0) if counts and files.height else 0


def duplicate_keys(table: Table, lake: Lake, source: str, since: datetime) -> int:
    """Keys that more than one of the source's rows since a moment of the table's time column has."""
    frame = scan(table, lake)
    if frame is None:
        return 0
    recent = frame.filter(pl.col("source") == source, pl.col(table.time) >= since)
    return int(recent.group_by(table.key).len().filter(pl.col("len") > 1).select(pl.len()).collect().item())


def size(table: Table, lake: Lake) -> tuple[int, int]:
    """Files and bytes of the table's newest version."""
    delta = lake.opened(table)
    if delta is None:
        return 0, 0
    files = pl.DataFrame(pa.table(delta.get_add_actions(flatten=True)))
    return files.height, int(files["size_bytes"].sum())
