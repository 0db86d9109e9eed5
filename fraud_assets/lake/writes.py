"""Small appends without Spark, for rows that people or measurements make rather than an upstream table's rows."""

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from fraud_assets.tables import Table


def append(table: Table, rows: pl.DataFrame, lake: str) -> int:
    """Append rows (in the table's columns, any order) to a table that exists; returns how many."""
    if rows.is_empty():
        return 0
    arrow = rows.select(table.column_names).to_arrow(compat_level=pl.CompatLevel.oldest())
    write_deltalake(DeltaTable(table.path(lake)), arrow, mode="append")
    return rows.height


def append_alone(table: Table, rows: pl.DataFrame, read: DeltaTable) -> bool:
    """Append rows that follow from the table as it was ``read``; False, with nothing written, if others came between.

    Every such append moves one position of the table's log, so that Delta refuses the second of two made at once.
    """
    arrow = rows.select(table.column_names).to_arrow(compat_level=pl.CompatLevel.oldest())
    alone = CommitProperties(app_transactions=[Transaction("append_alone", read.version() + 1)])
    try:
        write_deltalake(read, arrow, mode="append", commit_properties=alone)
    except CommitFailedError:
        return False
    return True
