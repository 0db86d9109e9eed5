"""Whether a table's key is unique over all its rows, however many, in bounded memory.

The checks after each run look at the newest rows (``reads.duplicate_keys``); upkeep looks at all of them.
"""

import polars as pl

from fraud_assets.declarations.tables import Table
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake

CHUNK_ROWS = 5_000_000
"""Rows whose hashed keys are compared at a time; the key's columns are read once for each so many rows."""


def count_duplicates(table: Table, lake: Lake) -> int:
    """Keys that more than one row of the newest version has; 0 while there is no table with all of the key's columns.

    Rows are divided into chunks by the hash of their key, so equal keys are in one chunk. Keys are compared only where
    two hashes are equal.
    """
    version = reads.version(table, lake)
    frame = reads.scan(table, lake, version)
    if frame is None or not set(table.key) <= set(frame.collect_schema()):
        return 0
    chunks = reads.count(table, lake, version=version) // CHUNK_ROWS + 1
    hashed = pl.struct(table.key).hash()
    keys, found = frame.select(table.key), 0
    for chunk in range(chunks):
        hashes = keys.select(key=hashed).filter(pl.col("key") % chunks == chunk).collect(engine="streaming")["key"]
        duplicated = hashes.filter(hashes.is_duplicated()).unique()
        if not duplicated.is_empty():
            rows = keys.filter(hashed.is_in(duplicated.implode())).group_by(table.key).len()
            found += rows.filter(pl.col("len") > 1).select(pl.len()).collect(engine="streaming").item()
    return found
