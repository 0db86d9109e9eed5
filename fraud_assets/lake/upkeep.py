"""Upkeep of a table: small files are compacted or clustered, files that no kept version needs and old log removed.

It changes how rows are stored, never which: bronze keeps every record, and Delta marks these commits as no change of
data, so neither change feeds nor streams read them. They do not conflict with appends; steps that update rows in place
are kept apart by Dagster's pools. A small table is maintained in this process, in milliseconds. A large one, or one
with deletion vectors, which delta-rs cannot rewrite, is maintained by Spark.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import Table
from fraud_assets.declarations.tables.schema import RETENTION_DAYS
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.lake.writing import commit, writer_properties

TARGET = 100 * 1024 * 1024
"""Bytes a file should have; those under half of it are small."""
MANY = 8
"""Small files in a partition from which it is worth rewriting them."""
STALE = 0.2
"""Share of a partition's bytes written since it was last clustered from which it is clustered again."""
LARGE = 2 * 1024**3
"""Bytes from which Spark maintains a table."""


@dataclass(frozen=True)
class UpkeepResult:
    """Files and bytes of a table's newest version before and after its upkeep, and what was removed."""

    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    compacted: tuple[str, ...]
    clustered: tuple[str, ...]
    files_removed: int
    log_files_removed: int


@dataclass(frozen=True)
class Plan:
    """The partitions, by source, whose small files are worth compacting, and those to cluster as well."""

    compact: tuple[str, ...]
    cluster: tuple[str, ...]


def maintain(spark: SparkSession, table: Table, lake: Lake) -> UpkeepResult | None:
    """Bring the table's files and log in order; None when it was never created."""
    delta = lake.opened(table)
    if delta is None:
        return None
    before = reads.size(table, lake)
    work = plan(delta, table)
    log_before = _log_files(table, lake)
    if before[1] > LARGE or _changed_in_place(delta, table, lake):
        removed = _maintain_spark(spark, table, work, lake)
    else:
        removed = _maintain_in_process(delta, table, work)
    log = lake.log(table)
    _record_clustering(log, work)
    log.create_checkpoint()
    log.cleanup_metadata()
    after = reads.size(table, lake)
    gone = len(log_before - _log_files(table, lake))
    return UpkeepResult(before[0], after[0], before[1], after[1], work.compact, work.cluster, removed, gone)


def plan(delta: DeltaTable, table: Table) -> Plan:
    """The partitions worth rewriting, from the log alone."""
    actions = pl.DataFrame(pa.table(delta.get_add_actions(flatten=True)))
    if actions.is_empty():
        return Plan((), ())
    clustered = [delta.transaction_version(_clustered(source)) or 0 for source in actions["partition.source"]]
    since = pl.Series("clustered", clustered, pl.Int64)
    new = pl.col("size_bytes").filter(pl.col("modification_time").dt.epoch("ms") > pl.col("clustered"))
    files = (
        actions.with_columns(since)
        .group_by(source="partition.source")
        .agg(small=(pl.col("size_bytes") < TARGET // 2).sum(), stale=new.sum() / pl.col("size_bytes").sum())
    )
    due = files.filter(pl.col("small") >= MANY).sort("source")
    to_cluster = due.filter(pl.col("stale") >= STALE) if table.cluster_by else due.clear()
    return Plan(tuple(due.join(to_cluster, on="source", how="anti")["source"]), tuple(to_cluster["source"]))


def _changed_in_place(delta: DeltaTable, table: Table, lake: Lake) -> bool:
    """Whether the table has what only Spark maintains: deletion vectors, or change files beside the data."""
    has_vectors = any(True for _ in delta.deletion_vectors())
    return has_vectors or bool(lake.files(table, "_change_data"))


def _maintain_in_process(delta: DeltaTable, table: Table, work: Plan) -> int:
    how = writer_properties(pa.schema(delta.schema()))
    for source in work.compact:
        delta.optimize.compact([("source", "=", source)], target_size=TARGET, writer_properties=how)
    for source in work.cluster:
        delta.optimize.z_order(
            table.cluster_by,
            [("source", "=", source)],
            target_size=TARGET,
            writer_properties=how,
        )
    return len(delta.vacuum(RETENTION_DAYS * 24, dry_run=False, full=True))


def _maintain_spark(spark: SparkSession, table: Table, work: Plan, lake: Lake) -> int:
    path = f"delta.`{lake.path(table)}`"
    with _set(spark, "spark.databricks.delta.optimize.maxFileSize", str(TARGET)):
        for source in work.compact:
            spark.sql(f"OPTIMIZE {path} WHERE source = '{source}'").collect()
        for source in work.cluster:
            order = ", ".join(table.cluster_by)
            spark.sql(f"OPTIMIZE {path} WHERE source = '{source}' ZORDER BY ({order})").collect()
    # without this a vacuum lists a small table in ten thousand tasks
    with _set(spark, "spark.sql.sources.parallelPartitionDiscovery.parallelism", "2"):
        data_files = _data_files(table, lake)
        spark.sql(f"VACUUM {path} RETAIN {RETENTION_DAYS * 24} HOURS").collect()
        return len(data_files - _data_files(table, lake))


def _record_clustering(log: DeltaTable, work: Plan) -> None:
    """Record in the table's own log, as a cursor is, when its partitions were clustered."""
    if work.cluster:
        now = int(time.time() * 1000)
        done = CommitProperties(app_transactions=[Transaction(_clustered(source), now) for source in work.cluster])
        commit(log, done)


def _clustered(source: str) -> str:
    """The transaction identifier under which the log holds when the source's files were last clustered (ms)."""
    return f"clustered/{source}"


def _log_files(table: Table, lake: Lake) -> set[str]:
    return {file for file in lake.files(table, "_delta_log") if file.endswith(".json")}


def _data_files(table: Table, lake: Lake) -> set[str]:
    return {file for file in lake.files(table) if file.endswith((".parquet", ".bin"))}


@contextmanager
def _set(spark: SparkSession, name: str, value: str) -> Iterator[None]:
    spark.conf.set(name, value)
    try:
        yield
    finally:
        spark.conf.unset(name)
