"""Writing tables: rows of an increment together with its cursor, and small appends without one.

What belongs here: commits, by Spark or in this process, and how files are written without Spark.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import polars as pl
import pyarrow as pa
from deltalake import ColumnProperties, CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.tables import Table
from fraud_assets.lake.cursor import Increment, trace
from fraud_assets.lake.location import Lake

_SETTINGS = "spark.databricks.delta."


def append_spark(spark: SparkSession, rows: DataFrame, increment: Increment, lake: Lake) -> int:
    """Append the rows and move the cursor, in one commit; returns the number of rows written.

    Writes nothing if the target has read the increment meanwhile.
    """
    target = lake.path(increment.target)
    before = lake.log(increment.target).version()
    types = {field.name: field.dataType for field in spark.read.format("delta").load(target).schema}
    columns = [F.col(name).cast(types[name]) for name in increment.target.column_names]
    with _committing(spark, increment):
        rows.select(*columns).write.format("delta").mode("append").save(target)
    log = lake.log(increment.target)
    commits = log.history(log.version() - before) if log.version() > before else []
    own = [commit for commit in commits if commit.get("userMetadata") == trace(increment)]
    return int(own[0]["operationMetrics"]["numOutputRows"]) if own else 0


def merge_spark(spark: SparkSession, rows: DataFrame, increment: Increment, lake: Lake) -> int:
    """Replace the row with each row's key, or add it, and move the cursor, in one commit; returns the rows written.

    Nulls in a key are equal. Writes nothing if the target has read the increment meanwhile.
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


def append_in_process(rows: pl.DataFrame | pa.Table, increment: Increment, lake: Lake) -> int:
    """As `append_spark`, in this process: for small increments. Columns that the rows lack are null."""
    arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest()) if isinstance(rows, pl.DataFrame) else rows
    if arrow.num_rows == 0:
        skip(increment, lake)
        return 0
    target = lake.log(increment.target)
    if _has_read(target, increment):
        return 0
    _write(target, shaped(arrow, pa.schema(target.schema())), increment)
    return int(arrow.num_rows)


def append_batches(rows: Iterable[pl.DataFrame], increment: Increment, lake: Lake) -> int:
    """As `append_in_process`, for rows in batches: each batch is written before the next is asked for."""
    target = lake.log(increment.target)
    if _has_read(target, increment):
        return 0
    appended = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal appended
        for batch in rows:
            appended += batch.height
            yield batch

    _write(target, streamed(counted(), pa.schema(target.schema())), increment)
    return appended


def skip(increment: Increment, lake: Lake) -> None:
    """Move the cursor without rows: the increment holds nothing for the target."""
    commit_files([], increment, lake)


def commit_files(files: list[AddAction], increment: Increment, lake: Lake) -> bool:
    """Make files that are written already part of the target and move the cursor, in one commit.

    Returns whether it did: not if the target has read the increment meanwhile.
    """
    target = lake.log(increment.target)
    if _has_read(target, increment):
        return False
    commit(target, _commit_properties(increment), files)
    return True


def append(table: Table, rows: pl.DataFrame, lake: Lake) -> int:
    """Append rows that no increment was read for, columns in any order, null where they lack one; returns how many."""
    if rows.is_empty():
        return 0
    log = lake.log(table)
    whole = shaped(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), pa.schema(log.schema()))
    write_deltalake(log, whole, mode="append", writer_properties=writer_properties(whole.schema))
    return rows.height


def append_if_unchanged(table: Table, rows: pl.DataFrame, read: DeltaTable) -> bool:
    """Append rows that follow from the table as it was ``read``; False, with nothing written, if it changed since.

    Each such append sets one transaction identifier of the table's log, so that Delta refuses the second of two made
    at once.
    """
    arrow = rows.select(table.column_names).to_arrow(compat_level=pl.CompatLevel.oldest())
    alone = CommitProperties(app_transactions=[Transaction("append_alone", read.version() + 1)])
    properties = writer_properties(arrow.schema)
    try:
        write_deltalake(read, arrow, mode="append", commit_properties=alone, writer_properties=properties)
    except CommitFailedError:
        return False
    return True


def commit(log: DeltaTable, properties: CommitProperties, files: Sequence[AddAction] = ()) -> None:
    """A commit with the transaction identifiers in its properties, of no rows or those of files written already."""
    log.create_write_transaction(actions=list(files), mode="append", schema=log.schema(), commit_properties=properties)


def writer_properties(schema: pa.Schema) -> WriterProperties:
    """How files are written without Spark: in row groups so small that Spark's workers can share a file.

    Texts keep a dictionary, by which they are read fast. Numbers and times seldom repeat: a dictionary of them takes
    twice the time to write. Fractions, most of them features, have no statistics either, as nobody looks for rows by
    them. Snappy, as Spark's own files have it, takes a third less time than Zstandard and a quarter more room.
    """
    plain = ColumnProperties(dictionary_enabled=False)
    unsearched = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
    columns = {
        field.name: unsearched if pa.types.is_floating(field.type) else plain
        for field in schema
        if pa.types.is_primitive(field.type)
    }
    return WriterProperties(compression="SNAPPY", max_row_group_size=100_000, column_properties=columns)


def shaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in a table's columns and types, null where they lack one."""
    there = {*rows.column_names}
    columns = [
        rows[field.name].cast(field.type) if field.name in there else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def streamed(batches: Iterable[pl.DataFrame], schema: pa.Schema) -> pa.RecordBatchReader:
    """The batches in a table's columns for delta-rs to write, each computed when asked for.

    They are computed in another thread: delta-rs cannot read in the thread in which it writes.
    """

    def made() -> Iterator[pa.RecordBatch]:
        source = iter(batches)
        with ThreadPoolExecutor(1) as pool:
            while (batch := pool.submit(next, source, None).result()) is not None:
                yield from shaped(batch.to_arrow(compat_level=pl.CompatLevel.oldest()), schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, made())


def _write(target: DeltaTable, rows: pa.Table | pa.RecordBatchReader, increment: Increment) -> None:
    properties = writer_properties(rows.schema)
    write_deltalake(
        target,
        rows,
        mode="append",
        commit_properties=_commit_properties(increment),
        writer_properties=properties,
    )


def _has_read(target: DeltaTable, increment: Increment) -> bool:
    """Whether the target has read the increment meanwhile; commits in this process are made on the log asked here."""
    version = target.transaction_version(increment.cursor)
    return version is not None and version >= increment.last


def _commit_properties(increment: Increment) -> CommitProperties:
    """Cursor and trace of the increment, for a commit in this process."""
    return CommitProperties(
        app_transactions=[Transaction(increment.cursor, increment.last)],
        custom_metadata={"userMetadata": trace(increment)},
    )


@contextmanager
def _committing(spark: SparkSession, increment: Increment) -> Iterator[None]:
    """Delta's settings that give Spark's next commit the increment's cursor and trace."""
    conf = {
        f"{_SETTINGS}write.txnAppId": increment.cursor,
        f"{_SETTINGS}write.txnVersion": str(increment.last),
        f"{_SETTINGS}commitInfo.userMetadata": trace(increment),
    }
    for name, value in conf.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in conf:
            spark.conf.unset(name)
