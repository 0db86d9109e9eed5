"""Snapshots of the lake's tables: which version a figure came from, and its rows for one source.

What belongs here: reading and caching. A snapshot names one version of one table, so whatever is computed from it can
be kept until the table has a newer one; asking for the newest costs milliseconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
import streamlit as st

from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.declarations.tables import ALL, Table, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets.silver import quarantine as quarantined
from streamlit_app.queries.overview import AsOf

_BY_NAME = {table.full_name: table for table in ALL}

#: Keeps a function's results by its arguments, so by the snapshots they are made from.
cached = st.cache_data(show_spinner=False, max_entries=64)


@dataclass(frozen=True)
class Snapshot:
    """One version of a table, seen through one source; ``written_at`` is when the version was committed (UTC)."""

    lake: Lake
    table: str
    version: int
    written_at: datetime
    source: str

    def rows(self) -> pl.LazyFrame:
        """The source's rows in this version, without its deleted payments; silver.corrections keeps the deletions."""
        frame = reads.scan(_BY_NAME[self.table], self.lake, self.version)
        if frame is None:
            raise LookupError(f"{self.table} was removed from {self.lake}; reload the page")
        rows = frame if self.table == silver.CORRECTIONS.full_name else reads.not_deleted(frame)
        return rows.filter(pl.col("source") == self.source)


def newest(table: Table, source: str, version: int | None = None) -> Snapshot | None:
    """The table's newest version, or an older one if given; None when the table was never created."""
    lake = Lake.of(settings())
    delta = lake.opened(table)
    if delta is None:
        return None
    if version is not None and version < delta.version():
        delta.load_as_version(version)
    committed = delta.history(1)[0]["timestamp"]
    return Snapshot(lake, table.full_name, delta.version(), datetime.fromtimestamp(committed / 1000, UTC), source)


@dataclass(frozen=True)
class Cases:
    """A source's quarantined records, by the present versions of the tables."""

    source: str
    tables: tuple[Snapshot, ...]

    def rows(self) -> pl.LazyFrame:
        """Each record once, with its state, as `fraud_assets.silver.quarantine.cases` gives them."""
        frame = quarantined.cases(self.source, Lake.of(settings()))
        if frame is None:
            raise LookupError("the quarantine was removed; reload the page")
        return frame


def cases(source: str) -> Cases | None:
    """The source's quarantined records; None when there is no quarantine."""
    if (quarantine := newest(silver.QUARANTINE, source)) is None:
        return None
    others = (newest(table, source) for table in (silver.QUARANTINE_ACTIONS, silver.TRANSACTIONS, silver.LABELS))
    return Cases(source, (quarantine, *(s for s in others if s is not None)))


def sources() -> list[str]:
    """The sources that have payments, or if none has, those that are declared."""
    delta = Lake.of(settings()).opened(silver.TRANSACTIONS)
    present = {part["source"] for part in delta.partitions()} if delta else set()
    return sorted(present or catalogue())


def as_known(source: str) -> AsOf:
    """What is known about the source's payments at this minute, by its label delay."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    declared = catalogue().get(source)
    return AsOf(now, now - declared.label_delay if declared else now - timedelta(days=36_500))


@cached
def count(snapshot: Snapshot) -> int:
    """Rows of the source in this version of the table."""
    return int(snapshot.rows().select(pl.len()).collect().item())
