"""The rows of some of a table's data files as one CSV or Parquet file, streamed: memory does not grow with the rows.

CSV holds what the types of CSV can say: times as ISO 8601 in UTC, nested values as JSON, bytes as text where they are
UTF-8 and as ``base64:…`` where they are not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

import duckdb
import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from fraud_assets.errors import FraudError

Format = Literal["csv", "parquet"]
OPTIONS: dict[Format, str] = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd"}
PART_BYTES = 128 * 1024 * 1024
"""Bytes of data files that make a part, unless one file is larger."""
MEMORY = "512MB"


@dataclass(frozen=True)
class DataFile:
    """A data file of a table's version, by its path under the table."""

    path: str
    source: str
    bytes: int


def groups(delta: DeltaTable, source: str | None) -> Iterator[list[DataFile]]:
    """The version's data files in the order of their paths, as many as make a part, those of one source together."""
    actions = pl.DataFrame(pa.table(delta.get_add_actions(flatten=True)))
    if actions.is_empty():
        return
    group: list[DataFile] = []
    for path, of, size in actions.select("path", "partition.source", "size_bytes").sort("path").iter_rows():
        if source not in (None, of):
            continue
        if group and (group[0].source != of or sum(file.bytes for file in group) + size > PART_BYTES):
            yield group
            group = []
        group.append(DataFile(unquote(path), of, size))
    if group:
        yield group


def write(delta: DeltaTable, files: list[DataFile], to: Path, form: Format) -> int:
    """Write the files' rows, deleted ones left out, whole or not at all; returns how many.

    Raises:
        FraudError: a data file is gone.
    """
    root = unquote(delta.table_uri.removeprefix("file://")).rstrip("/")
    paths = {f"{root}/{file.path}": file for file in files}
    schema = pa.schema(delta.schema().to_arrow())
    selected = ", ".join(f"{_value(field, form)} AS {_quoted(field.name)}" for field in schema)
    partial = to.with_name(f"{to.name}.new")
    with duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": f"{to.parent}/spill"}) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        connection.register("declared", schema.empty_table())
        connection.register("deleted", _deleted(delta, paths))
        try:
            written = connection.execute(
                f"COPY (SELECT {selected} FROM (SELECT * FROM declared UNION ALL BY NAME "
                "SELECT COLUMNS(lambda c: c NOT IN ('source', 'filename', 'file_row_number')), $source AS source "
                "FROM read_parquet($paths, "
                "union_by_name = true, hive_partitioning = false, filename = true, file_row_number = true) "
                "ANTI JOIN deleted USING (filename, file_row_number))) "
                f"TO '{_escaped(partial)}' ({OPTIONS[form]})",
                {"paths": list(paths), "source": files[0].source},
            ).fetchall()
        except duckdb.IOException as error:
            raise FraudError(
                f"export: data of version {delta.version()} is gone, upkeep may have removed it; export the newest "
                f"version ({str(error).splitlines()[0]})"
            ) from error
    partial.replace(to)
    return int(written[0][0])


def _deleted(delta: DeltaTable, paths: dict[str, DataFile]) -> pa.Table:
    """The rows that deletion vectors mark: file and row number."""
    names, numbers = list[str](), list[int]()
    for batch in pa.RecordBatchReader.from_stream(delta.deletion_vectors()):
        for uri, kept in zip(batch["filepath"].to_pylist(), batch["selection_vector"], strict=True):
            path = uri.removeprefix("file://")
            if path in paths:
                marked = pl.Series(kept.values).not_().arg_true().to_list()
                names += [path] * len(marked)
                numbers += marked
    schema = pa.schema([("filename", pa.string()), ("file_row_number", pa.int64())])
    return pa.table([names, numbers], schema=schema)


def _value(field: pa.Field, form: Format) -> str:
    """The column as SQL, in what the format can hold."""
    name = _quoted(field.name)
    if form == "parquet":
        return name
    if pa.types.is_timestamp(field.type):
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if pa.types.is_nested(field.type):
        return f"to_json({name})"
    if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
        return f"coalesce(try(decode({name})), 'base64:' || base64({name}))"
    return name


def _quoted(name: str) -> str:
    return f'"{name}"'


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
