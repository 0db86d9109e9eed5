"""Small appends without Spark, for tables that are measured rather than derived from an upstream table's rows."""

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fraud_assets.tables import Table


def append(table: Table, rows: pl.DataFrame, lake: str) -> int:
    """Append rows to a table that exists, columns in any order, null where the rows lack one; returns how many."""
    if rows.is_empty():
        return 0
    log = DeltaTable(table.path(lake))
    whole = shaped(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), pa.schema(log.schema()))
    write_deltalake(log, whole, mode="append")
    return rows.height


def shaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in a table's columns and types, null where they lack one."""
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
