"""Small appends without Spark, for tables that are measured rather than derived from an upstream table's rows."""

import polars as pl
from deltalake import DeltaTable, write_deltalake

from fraud_assets.tables import Table


def append(table: Table, rows: pl.DataFrame, lake: str) -> int:
    """Append rows (in the table's columns, any order) to a table that exists; returns how many."""
    if rows.is_empty():
        return 0
    arrow = rows.select(table.column_names).to_arrow(compat_level=pl.CompatLevel.oldest())
    write_deltalake(DeltaTable(table.path(lake)), arrow, mode="append")
    return rows.height
