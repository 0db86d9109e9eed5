"""Upkeep: small files are compacted and files no version within the retention needs are removed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.sql import SparkSession

from fraud_assets.lake import reads
from fraud_assets.tables import Table

RETENTION_HOURS = 30 * 24
"""How far back time travel and the change feed reach; a step that has not run for longer cannot go on."""


@dataclass(frozen=True)
class Kept:
    """What upkeep did to a table: files and bytes of its newest version before and after."""

    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int


def keep_up(spark: SparkSession, table: Table, lake: str) -> Kept | None:
    """Compact and vacuum a table; None when it was never created."""
    if reads.opened(table, lake) is None:
        return None
    path = f"delta.`{table.path(lake)}`"
    before = reads.size(table, lake)
    with _serial_listing(spark):
        spark.sql(f"OPTIMIZE {path}").collect()
        spark.sql(f"VACUUM {path} RETAIN {RETENTION_HOURS} HOURS").collect()
    after = reads.size(table, lake)
    return Kept(before[0], after[0], before[1], after[1])


@contextmanager
def _serial_listing(spark: SparkSession) -> Iterator[None]:
    """Without this a vacuum lists a small table in ten thousand tasks."""
    name = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
    spark.conf.set(name, "2")
    try:
        yield
    finally:
        spark.conf.unset(name)
