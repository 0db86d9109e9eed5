"""Files of a table that are written batch by batch and become visible, with the cursor, in one later commit.

What belongs here: what a step needs that writes two tables from one stream of rows. delta-rs cannot do it: two of its
writers, each fed by readers that need its threads too, wait for each other.
"""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.lake.writing import commit_files, shaped

FILE_BYTES = 128 * 1024 * 1024
"""Uncompressed bytes after which the next file is begun."""
PARTITION = ("source",)


class StagedFiles:
    """Rows for the target of an increment; its partition is the increment's source."""

    def __init__(self, increment: Increment, lake: Lake) -> None:
        """Stage nothing yet; the target must be partitioned by source."""
        assert increment.target.partition_by == PARTITION
        self.rows = 0
        self.increment, self._lake = increment, lake
        self._schema = pa.schema(lake.log(increment.target).schema())
        self._folder = f"source={quote(increment.source, safe='')}"
        self._searched = [
            n for n in dict.fromkeys((increment.target.time, *increment.target.key)) if n not in PARTITION
        ]
        self._actions: list[AddAction] = []
        self._file: _File | None = None

    def add(self, rows: pl.DataFrame | pa.Table) -> None:
        """Write a batch; columns in any order, null where the rows lack one."""
        arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest()) if isinstance(rows, pl.DataFrame) else rows
        if self._file is None:
            path = f"{self._folder}/part-{uuid.uuid4()}.snappy.parquet"
            without = pa.schema([field for field in self._schema if field.name not in PARTITION])
            self._file = _File(path, without, self._searched, self._lake, self.increment)
        self._file.add(shaped(arrow, self._schema).drop_columns(list(PARTITION)))
        self.rows += arrow.num_rows
        if self._file.bytes >= FILE_BYTES:
            self._close()

    def commit(self) -> int:
        """Make the rows visible and move the cursor, in one commit; returns how many rows.

        Writes nothing if the target has read the increment meanwhile.
        """
        self._close()
        return self.rows if commit_files(self._actions, self.increment, self._lake) else 0

    def _close(self) -> None:
        if self._file is not None:
            self._actions.append(self._file.close())
            self._file = None


class _File:
    """One Parquet file in the making, and the statistics of the columns that readers skip by."""

    def __init__(self, path: str, schema: pa.Schema, searched: list[str], lake: Lake, increment: Increment) -> None:
        self.path, self.bytes = path, 0
        self._source = increment.source
        self._sink = lake.create_file(increment.target, path)
        texts = [f.name for f in schema if pa.types.is_string(f.type) and f.name not in increment.target.key]
        self._writer = pq.ParquetWriter(
            self._sink, schema, compression="snappy", use_dictionary=texts, write_statistics=[*searched, *texts]
        )
        self._rows = 0
        self._least: dict[str, Any] = {}
        self._most: dict[str, Any] = {}
        self._nulls = dict.fromkeys(searched, 0)

    def add(self, rows: pa.Table) -> None:
        self._writer.write_table(rows)
        self._rows += rows.num_rows
        self.bytes += rows.nbytes
        for name in self._nulls:
            self._nulls[name] += rows[name].null_count
            edges = pc.min_max(rows[name]).as_py()
            if edges["min"] is not None:
                self._least[name] = min(edges["min"], self._least.get(name, edges["min"]))
                self._most[name] = max(edges["max"], self._most.get(name, edges["max"]))

    def close(self) -> AddAction:
        self._writer.close()
        size = self._sink.tell()
        self._sink.close()
        statistics = {
            "numRecords": self._rows,
            "minValues": _as_json(self._least),
            "maxValues": _as_json(self._most),
            "nullCount": self._nulls,
        }
        partition: Mapping[str, str | None] = {"source": self._source}
        return AddAction(self.path, size, partition, int(time.time() * 1000), True, json.dumps(statistics))


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as Delta's statistics write them: times in UTC with microseconds."""
    return {
        name: f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" if hasattr(value, "isoformat") else value
        for name, value in values.items()
    }
