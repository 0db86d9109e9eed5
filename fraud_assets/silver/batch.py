"""One batch of parsed records, and to which target each of them goes.

What belongs here: telling new records, duplicates, corrections and rejected records apart. Writing them is in
writers.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake
from fraud_assets.silver import corrections
from fraud_assets.silver.duplicates import conflict, content, differences, with_existing_key
from fraud_assets.silver.streams import COORDINATES, STREAMS, key

COMPARED = 100_000
"""Records with an existing key that are compared with the first of their key at once."""

_NO_DIFFERENCES = pl.DataFrame(schema={"index": pl.UInt32, "differs": pl.List(pl.String)})

Raw = Iterable[pl.DataFrame]
"""Records as they were sent, in batches that are read only if some of the records are quarantined."""


@dataclass(frozen=True)
class Batch:
    """Parsed records of one range of an upstream; records are named by their row's number in ``parsed``."""

    source: Source
    stream: str
    raw: Raw
    parsed: pa.Table
    new: pl.Series
    """The first valid record of each key that silver does not have."""
    later: pl.Series
    """Valid records with an existing key."""
    differs: pl.DataFrame
    """Of each later record, by ``index``, the columns in which it ``differs`` from the first of its key."""

    @property
    def target(self) -> Table:
        """The stream's table in silver."""
        return STREAMS[self.stream][1]

    @property
    def described(self) -> Stream:
        """The stream's declaration."""
        found: Stream = getattr(self.source, self.stream)
        return found

    @property
    def duplicates(self) -> pl.Series:
        """Later records with the content of the first."""
        return self.differs.filter(pl.col("differs").list.len() == 0)["index"]

    @property
    def changed(self) -> pl.Series:
        """Later records with other content."""
        return self.differs.filter(pl.col("differs").list.len() > 0)["index"]

    @property
    def undeclared(self) -> set[str]:
        """Fields that records have and the source does not declare."""
        if "attributes" not in self.parsed.column_names:
            return set()
        found = {name for chunk in self.parsed["attributes"].chunks for name in chunk.keys.unique().to_pylist()}
        return found - set(self.described.attributes)

    @cached_property
    def rejected(self) -> pl.DataFrame:
        """Coordinates and reasons of the records that go to quarantine: rules broken, and conflicts."""
        records = pl.DataFrame(self.parsed.select([*COORDINATES, "reasons"])).with_row_index()
        broken = records.filter(pl.col("reasons").list.len() > 0).select(*COORDINATES, "reasons")
        if corrections.apply_to(self.described, self.target):
            return broken
        reason = pl.lit(conflict(self.target, "")) + pl.col("differs").list.join(", ")
        conflicts = records.join(self.differs.filter(pl.col("differs").list.len() > 0), on="index")
        return pl.concat([broken, conflicts.select(*COORDINATES, pl.concat_list(reason).alias("reasons"))])

    def rows(self, index: pl.Series) -> pa.Table:
        """The parsed records with these numbers, in their order."""
        return _rows(self.parsed, index)


def classify(parsed: pa.Table, source: Source, stream: str, raw: Raw, silver_is_due: bool, lake: Lake) -> Batch:
    """The batch of these records.

    Silver is written first. If it is no longer due (a run died after writing it), it already has the new records,
    and these are recognised by their coordinates.
    """
    target = STREAMS[stream][1]
    records = pl.DataFrame(parsed.select([*key(target), "kafka_time", *COORDINATES, "reasons"])).with_row_index()
    valid = records.filter(pl.col("reasons").list.len() == 0).drop("reasons")
    existing = _existing(source, target, valid, lake).select(*key(target), *COORDINATES).collect(engine="streaming")
    if silver_is_due:
        later = with_existing_key(valid, existing, key(target))
    else:
        later = valid.join(existing, on=COORDINATES, how="anti")
    new = valid.join(later, on="index", how="anti")
    differs = _compare(source, target, parsed, later, new if silver_is_due else new.clear(), lake)
    return Batch(source, stream, raw, parsed, new["index"], later["index"], differs)


def _existing(source: Source, target: Table, records: pl.DataFrame, lake: Lake) -> pl.LazyFrame:
    """Silver's rows of the source with one of the records' keys; files beyond the keys' range are not read."""
    keys = records.select(key(target))
    within = [pl.col(name).is_between(pl.lit(keys[name].min()), pl.lit(keys[name].max())) for name in keys.columns]
    own = lake.scan(target).filter(pl.col("source") == source.name, *within)
    return own.join(keys.lazy(), on=keys.columns, how="semi")


def _compare(
    source: Source, target: Table, parsed: pa.Table, later: pl.DataFrame, new: pl.DataFrame, lake: Lake
) -> pl.DataFrame:
    """In what the later records differ from the first of their key: silver's row, or one that is ``new``."""
    columns = [*key(target), *(column.name for column in content(target))]
    found = [_NO_DIFFERENCES]
    for some in later.sort(key(target)).iter_slices(COMPARED):
        existing = _existing(source, target, some, lake).select(columns).collect(engine="streaming")
        added = new.join(some, on=key(target), how="semi")["index"]
        first = pl.concat([existing, _in_columns(_rows(parsed, added), existing.schema)])
        compared = _in_columns(_rows(parsed, some["index"]), existing.schema).with_columns(some["index"].sort())
        found.append(differences(compared, first, target))
    return pl.concat(found)


def _in_columns(rows: pa.Table, schema: pl.Schema) -> pl.DataFrame:
    """The rows in silver's columns; those that the stream's records do not fill are null."""
    given = pl.DataFrame(rows.select([name for name in schema if name in rows.column_names]))
    absent = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in given.columns]
    return given.with_columns(absent).select(schema.names())


def _rows(parsed: pa.Table, index: pl.Series) -> pa.Table:
    if index.len() == parsed.num_rows:
        return parsed
    wanted = pl.select(pl.int_range(parsed.num_rows, dtype=pl.UInt32).is_in(index.implode())).to_series()
    return parsed.filter(wanted.to_arrow())
