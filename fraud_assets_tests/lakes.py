"""Lakes for tests: rows written without Spark, and copies of a lake whose tables were made once."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake

SOURCE = "cards"

_TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "double": pa.float64(),
    "float": pa.float32(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
    "array<string>": pa.list_(pa.string()),
    "map<string, double>": pa.map_(pa.string(), pa.float64()),
    "map<string, string>": pa.map_(pa.string(), pa.string()),
    "array<struct<key: string, value: binary>>": pa.list_(pa.struct({"key": pa.string(), "value": pa.binary()})),
    "array<struct<feature: string, value: double, contribution: double>>": pa.list_(
        pa.struct({"feature": pa.string(), "value": pa.float64(), "contribution": pa.float64()})
    ),
}


def write(table: Table, lake: Lake, columns: Mapping[str, Any]) -> None:
    """Append rows given by column; columns not given are null."""
    rows = max(len(c) for c in columns.values() if not isinstance(c, str))
    schema = pa.schema([pa.field(c.name, _TYPES[c.type], c.nullable) for c in table.columns])
    given: Mapping[str, Any] = {"source": SOURCE, **columns}
    arrays = []
    for column, kind in zip(table.columns, schema.types, strict=True):
        value = given.get(column.name)
        if value is None or isinstance(value, str):
            arrays.append(pa.repeat(pa.scalar(value, kind), rows))
        else:
            arrays.append(pa.array(value, kind))
    data = pa.table(arrays, schema=schema)
    write_deltalake(lake.path(table), data, partition_by=list(table.partition_by), mode="append")


def copied(lake: Lake | Path, to: Path) -> Lake:
    """A lake at ``to`` with all that another holds."""
    shutil.copytree(lake.root if isinstance(lake, Lake) else lake, to, dirs_exist_ok=True)
    return Lake(str(to))
