"""A table knows how far it has read: the position of every step is kept in its target's own log.

A step reads what its upstream gained since the version it last took, and writes rows and position in one
Delta commit, as the transaction identifier ``<upstream table id>/<source>``. A step may die anywhere and be
run again: the commit either happened, and the position says so, or it did not, and the step reads the same
range again. No state lives beside the tables.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.tables import Table
from fraud_assets.declarations.tables.schema import RETENTION_DAYS
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.lake.writes import shaped, streamed, written

SMALL = 20_000
"""New rows up to which a step computes and commits in this process, where a second of Spark would be overhead."""
BATCH = 50_000
"""Rows of a batch, where a step in this process reads, computes and writes as a stream; it holds few batches."""

CHANGE = ["_change_type", "_commit_version"]
BEFORE = "update_preimage"
"""The change type of a row as it was before it was changed in place."""

_SETTINGS = "spark.databricks.delta."
_GAINED = ("insert",)
_IN_PLACE = ("MERGE", "UPDATE", "DELETE")
_CHANGE_COLUMNS = ("_change_type", "_commit_version", "_commit_timestamp")


@dataclass(frozen=True)
class Increment:
    """Versions ``first`` to ``last`` of ``upstream`` that ``target`` has not yet taken, for one source."""

    upstream: Table
    target: Table
    source: str
    first: int
    last: int
    position: str

    @property
    def is_first(self) -> bool:
        """Whether the target has taken nothing yet: it is then given the upstream as it stands at ``last``.

        The change feed from version 0 on need not exist any more: upkeep removes what is older than its retention.
        """
        return self.first == 0

    @property
    def range(self) -> str:
        """The versions as a person reads them, for example ``bronze.transactions@3..7``."""
        return f"{self.upstream.full_name}@{self.first}..{self.last}"


def pending(upstream: Table, target: Table, source: str, lake: Lake, part: str = "") -> Increment | None:
    """What the target has not yet taken of the upstream (its part, if given); None when it has taken everything."""
    return next(iter(pending_of(upstream, (target,), source, lake, part)), None)


def pending_of(upstream: Table, targets: Iterable[Table], source: str, lake: Lake, part: str = "") -> list[Increment]:
    """What each of a step's targets has not yet taken, up to one version of the upstream for all of them.

    Targets that have taken everything are left out. Steps that take different parts of an upstream's rows to one
    target name theirs, so that each has its own position.
    """
    log = lake.log(upstream)
    position, newest = _position(log, source, part), log.version()
    found = []
    for target in targets:
        taken = lake.log(target).transaction_version(position)
        first = 0 if taken is None else taken + 1
        if first <= newest:
            found.append(Increment(upstream, target, source, first, newest, position))
    return found


def taken(upstream: Table, target: Table, source: str, lake: Lake, part: str = "") -> int | None:
    """The newest upstream version (of the part, if given) the target has taken; None when it has taken none."""
    position = _position(lake.log(upstream), source, part)
    version = lake.log(target).transaction_version(position)
    return None if version is None else int(version)


def _position(upstream: DeltaTable, source: str, part: str = "") -> str:
    """The transaction identifier under which a target's log keeps how far it has read."""
    return "/".join([str(upstream.metadata().id), source, *([part] if part else [])])


def read(spark: SparkSession, increment: Increment, lake: Lake, images: bool = False) -> DataFrame:
    """The rows the upstream gained in the increment, of its source, in the upstream's columns.

    With ``images`` also each row that was changed in place, as it was before and as it was after.
    """
    path = lake.path(increment.upstream)
    if increment.is_first:
        all_rows = spark.read.format("delta").option("versionAsOf", increment.last).load(path)
        return all_rows.where(F.col("source") == increment.source)
    changes = (
        spark.read.format("delta")
        .option("readChangeFeed", "true")
        .option("startingVersion", increment.first)
        .option("endingVersion", increment.last)
        .load(path)
    )
    mine = changes.where(F.col("source") == increment.source)
    return (mine if images else mine.where(F.col("_change_type").isin(*_GAINED))).drop(*_CHANGE_COLUMNS)


def size(increment: Increment | None, lake: Lake) -> int:
    """Rows the upstream gained in the increment, at most (rows of other sources count too); 0 for none."""
    if increment is None:
        return 0
    if increment.is_first:
        return reads.count(increment.upstream, lake, version=increment.last)
    return sum(map(_added, _commits(increment, lake)))


def portions(todo: list[Increment], most: int, lake: Lake) -> Iterator[list[Increment]]:
    """Increments that begin at one version, in turn up to a later one: each part of ``most`` rows or of one version.

    Versions that are older than time travel reaches are one part.
    """
    reach = datetime.now(UTC) - timedelta(days=RETENTION_DAYS)
    first, rows, before = todo[0].first, 0, reach
    for commit in sorted(_commits(todo[0], lake), key=lambda commit: int(commit["version"])):
        added = _added(commit)
        if rows and rows + added > most and before > reach:
            yield [replace(increment, first=first, last=commit["version"] - 1) for increment in todo]
            first, rows = commit["version"], 0
        rows, before = rows + added, datetime.fromtimestamp(commit["timestamp"] / 1000, UTC)
    yield [replace(increment, first=first) for increment in todo]


def _added(commit: dict[str, Any]) -> int:
    """Rows that a commit appended."""
    metrics = commit.get("operationMetrics", {})
    return int(metrics.get("numOutputRows") or metrics.get("num_added_rows") or 0)


def in_place(increment: Increment | None, lake: Lake) -> bool:
    """Whether the upstream's rows of its source were changed in place in the increment, by a step or by hand."""
    if increment is None or increment.is_first:
        return False
    changes = [commit for commit in _commits(increment, lake) if commit["operation"] in _IN_PLACE]
    traces = [json.loads(commit["userMetadata"]) if commit.get("userMetadata") else {} for commit in changes]
    return any(trace.get("source", increment.source) == increment.source for trace in traces)


def _commits(increment: Increment, lake: Lake) -> list[dict[str, Any]]:
    log = lake.log(increment.upstream)
    history: list[dict[str, Any]] = log.history(log.version() - increment.first + 1)
    return [commit for commit in history if increment.first <= commit["version"] <= increment.last]


def rows(increment: Increment, lake: Lake, columns: list[str]) -> pl.DataFrame:
    """As `read`, in this process: for small increments."""
    if increment.is_first:
        return _all_rows(increment, lake, columns).collect()
    return _gained(pl.DataFrame(pa.table(_changes(increment, lake, columns))), increment, columns)


def images(increment: Increment, lake: Lake, columns: list[str]) -> pl.DataFrame:
    """As `rows`, with each row that was changed in place as it was before and after, and `CHANGE`: what befell it when.

    The increment is not a first one.
    """
    wanted = [*columns, *CHANGE]
    changes = pl.DataFrame(pa.table(_changes(increment, lake, wanted)))
    return changes.filter(pl.col("source") == increment.source).select(wanted)


def batches(increment: Increment, lake: Lake, columns: list[str]) -> Iterator[pl.DataFrame]:
    """As `rows`, some `BATCH` at a time, none empty, in any order: for increments of any size."""
    found: Iterable[pl.DataFrame]
    if increment.is_first:
        found = _all_rows(increment, lake, columns).collect_batches(chunk_size=BATCH, maintain_order=False)
    else:
        changes = pa.RecordBatchReader.from_stream(_changes(increment, lake, columns))
        found = (_gained(pl.DataFrame(batch), increment, columns) for batch in changes)
    yield from (batch for batch in found if batch.height)


def _all_rows(increment: Increment, lake: Lake, columns: list[str]) -> pl.LazyFrame:
    all_rows = pl.scan_delta(lake.path(increment.upstream), version=increment.last)
    return all_rows.filter(pl.col("source") == increment.source).select(columns)


def _changes(increment: Increment, lake: Lake, columns: list[str]) -> Any:
    """The stream of what changed in the increment, of every source."""
    needed = [f'"{name}"' for name in dict.fromkeys([*columns, "source", "_change_type"])]
    return lake.log(increment.upstream).load_cdf(
        starting_version=increment.first, ending_version=increment.last, columns=needed
    )


def _gained(changes: pl.DataFrame, increment: Increment, columns: list[str]) -> pl.DataFrame:
    mine = changes.filter(pl.col("source") == increment.source, pl.col("_change_type").is_in(_GAINED))
    return mine.select(columns)


def origin(increment: Increment, upstream: Table, lake: Lake) -> Increment | None:
    """What the increment's own rows were made from: the versions of ``upstream`` its commits took; None without any."""
    traces = [json.loads(c["userMetadata"]) for c in _commits(increment, lake) if c.get("userMetadata")]
    wanted = (upstream.full_name, increment.source)
    ranges = [(trace["first"], trace["last"]) for trace in traces if (trace["upstream"], trace["source"]) == wanted]
    if not ranges:
        return None
    first, last = min(first for first, _ in ranges), max(last for _, last in ranges)
    position = _position(lake.log(upstream), increment.source)
    return Increment(upstream, increment.upstream, increment.source, first, last, position)


def append(spark: SparkSession, rows: DataFrame, increment: Increment, lake: Lake) -> int:
    """Append the rows and move the position, in one commit; returns the rows written.

    A repeat of an increment that was taken meanwhile writes nothing.
    """
    target = lake.path(increment.target)
    before = DeltaTable(target).version()
    types = {field.name: field.dataType for field in spark.read.format("delta").load(target).schema}
    columns = [F.col(name).cast(types[name]) for name in increment.target.column_names]
    with _committing(spark, increment):
        rows.select(*columns).write.format("delta").mode("append").save(target)
    log = DeltaTable(target)
    commits = log.history(log.version() - before) if log.version() > before else []
    mine = [commit for commit in commits if commit.get("userMetadata") == _trace(increment)]
    return int(mine[0]["operationMetrics"]["numOutputRows"]) if mine else 0


def merge(spark: SparkSession, rows: DataFrame, increment: Increment, lake: Lake) -> int:
    """Put each row in place of the one with its key, or add it, and move the position, in one commit.

    Returns the rows written; nulls in a key are equal. A repeat of an increment that was taken meanwhile writes
    nothing.
    """
    target, view = increment.target, f"merged_{increment.target.layer}_{increment.target.name}"
    rows.select(target.column_names).createOrReplaceTempView(view)
    same = " AND ".join(f"t.`{column}` <=> s.`{column}`" for column in target.key)
    with _committing(spark, increment):
        merged = spark.sql(
            f"MERGE INTO delta.`{lake.path(target)}` t USING {view} s ON t.source = '{increment.source}' AND {same} "
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        ).first()
    skip(increment, lake)  # a merge that changed nothing may leave no commit
    return int(merged["num_affected_rows"]) if merged else 0


def append_here(rows: pl.DataFrame | pa.Table, increment: Increment, lake: Lake) -> int:
    """As `append`, in this process: for small increments. Columns that the rows lack are null."""
    arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest()) if isinstance(rows, pl.DataFrame) else rows
    if arrow.num_rows == 0:
        skip(increment, lake)
        return 0
    target = lake.log(increment.target)
    if _has(target, increment):
        return 0
    whole = shaped(arrow, pa.schema(target.schema()))
    _write(target, whole, increment)
    return int(arrow.num_rows)


def append_batches(rows: Iterable[pl.DataFrame], increment: Increment, lake: Lake) -> int:
    """As `append_here`, for rows that come as a stream: each batch is written before the next is asked for."""
    target = lake.log(increment.target)
    if _has(target, increment):
        return 0
    appended = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal appended
        for batch in rows:
            appended += batch.height
            yield batch

    _write(target, streamed(counted(), pa.schema(target.schema())), increment)
    return appended


def _write(target: DeltaTable, rows: pa.Table | pa.RecordBatchReader, increment: Increment) -> None:
    properties = written(rows.schema)
    write_deltalake(target, rows, mode="append", commit_properties=_commit(increment), writer_properties=properties)


def skip(increment: Increment, lake: Lake) -> None:
    """Move the position without rows: the increment held nothing for the target."""
    target = lake.log(increment.target)
    if _has(target, increment):
        return
    target.create_write_transaction(
        actions=[], mode="append", schema=target.schema(), commit_properties=_commit(increment)
    )


def _has(target: DeltaTable, increment: Increment) -> bool:
    """Whether the target took the increment meanwhile; a commit from this process is made on the log asked here."""
    position = target.transaction_version(increment.position)
    return position is not None and position >= increment.last


def _commit(increment: Increment) -> CommitProperties:
    """The position and the trace of the increment, for a commit made in this process."""
    return CommitProperties(
        app_transactions=[Transaction(increment.position, increment.last)],
        custom_metadata={"userMetadata": _trace(increment)},
    )


@contextmanager
def _committing(spark: SparkSession, increment: Increment) -> Iterator[None]:
    """Delta's settings that tie the next write to the increment."""
    conf = {
        f"{_SETTINGS}write.txnAppId": increment.position,
        f"{_SETTINGS}write.txnVersion": str(increment.last),
        f"{_SETTINGS}commitInfo.userMetadata": _trace(increment),
    }
    for name, value in conf.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in conf:
            spark.conf.unset(name)


def _trace(increment: Increment) -> str:
    return json.dumps(
        {
            "upstream": increment.upstream.full_name,
            "source": increment.source,
            "first": increment.first,
            "last": increment.last,
        }
    )
