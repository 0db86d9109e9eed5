"""Writing Delta without Spark: how, and small appends of what people or measurements make."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pyarrow as pa
from deltalake import ColumnProperties, CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError

from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake


def written(schema: pa.Schema) -> WriterProperties:
    """How files are written without Spark: in row groups so small that Spark's workers can share a file.

    Texts keep a dictionary, by which they are read fast. Numbers, times and bytes seldom repeat: a dictionary of them
    takes twice the time to write. Fractions and bytes, most of them features, have no statistics either, as nobody
    looks for rows by them. Snappy, as Spark's own files have it, takes a third less time than Zstandard and a quarter more room.
    """
    plain = ColumnProperties(dictionary_enabled=False)
    unsearched = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
    columns = {
        field.name: unsearched if pa.types.is_floating(field.type) or pa.types.is_binary(field.type) else plain
        for field in schema
        if pa.types.is_primitive(field.type) or pa.types.is_binary(field.type)
    }
    return WriterProperties(compression="SNAPPY", max_row_group_size=100_000, column_properties=columns)


def append(table: Table, rows: pl.DataFrame, lake: Lake) -> int:
    """Append rows to a table that exists, columns in any order, null where the rows lack one; returns how many."""
    if rows.is_empty():
        return 0
    log = lake.log(table)
    whole = shaped(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), pa.schema(log.schema()))
    write_deltalake(log, whole, mode="append", writer_properties=written(whole.schema))
    return rows.height


def shaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in a table's columns and types, null where they lack one."""
    there = {*rows.column_names}
    columns = [
        rows[field.name].cast(field.type) if field.name in there else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def streamed(batches: Iterable[pl.DataFrame], schema: pa.Schema) -> pa.RecordBatchReader:
    """The batches in a table's columns for delta-rs to write, each made when asked for.

    They are made in another thread: delta-rs cannot read in the thread in which it writes.
    """

    def made() -> Iterator[pa.RecordBatch]:
        source = iter(batches)
        with ThreadPoolExecutor(1) as pool:
            while (batch := pool.submit(next, source, None).result()) is not None:
                yield from shaped(batch.to_arrow(compat_level=pl.CompatLevel.oldest()), schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, made())


def append_alone(table: Table, rows: pl.DataFrame, read: DeltaTable) -> bool:
    """Append rows that follow from the table as it was ``read``; False, with nothing written, if others came between.

    Every such append moves one position of the table's log, so that Delta refuses the second of two made at once.
    """
    arrow = rows.select(table.column_names).to_arrow(compat_level=pl.CompatLevel.oldest())
    alone = CommitProperties(app_transactions=[Transaction("append_alone", read.version() + 1)])
    try:
        write_deltalake(read, arrow, mode="append", commit_properties=alone, writer_properties=written(arrow.schema))
    except CommitFailedError:
        return False
    return True
