"""Whether a table's key is one over all its rows, however many, in bounded memory.

The checks after each run look at the newest rows (``reads.repeated_keys``); upkeep looks at all of them.
"""

import polars as pl

from fraud_assets.declarations.tables import Table
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake

AT_ONCE = 5_000_000
"""Rows whose keys' hashes are compared at a time; the key's columns are read once for each so many rows."""


def repeated(table: Table, lake: Lake) -> int:
    """Keys that more than one row of the newest version has; 0 while there is no table with all of the key's columns.

    Rows are dealt by the hash of their key, so those of one key are compared with each other; only where two hashes
    are the same are the keys themselves.
    """
    version = reads.version(table, lake)
    frame = reads.scan(table, lake, version)
    if frame is None or not set(table.key) <= set(frame.collect_schema()):
        return 0
    shares = reads.count(table, lake, version=version) // AT_ONCE + 1
    hashed = pl.struct(table.key).hash()
    keys, found = frame.select(table.key), 0
    for share in range(shares):
        hashes = keys.select(key=hashed).filter(pl.col("key") % shares == share).collect(engine="streaming")["key"]
        twice = hashes.filter(hashes.is_duplicated()).unique()
        if not twice.is_empty():
            rows = keys.filter(hashed.is_in(twice.implode())).group_by(table.key).len()
            found += rows.filter(pl.col("len") > 1).select(pl.len()).collect(engine="streaming").item()
    return found
