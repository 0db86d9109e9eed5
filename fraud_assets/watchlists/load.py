"""Lists into silver.watchlists: fetch, compare with what is current, append the revisions, report bad lines."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.errors import START, FraudError
from fraud_assets.lake import reads, writing
from fraud_assets.lake.location import Lake
from fraud_assets.watchlists.file import Bad, fetched, read
from fraud_assets.watchlists.lists import List
from fraud_assets.watchlists.revise import revised

TABLE = silver.WATCHLISTS


@dataclass(frozen=True)
class Loaded:
    """What loading a list for a source did; ``changed`` counts entries that opened or were revised."""

    list: str
    source: str
    changed: int
    closed: int
    unchanged: int
    bad: tuple[Bad, ...]


def load(of: List, place: str, source: str, lake: Lake) -> Loaded:
    """Bring one list of one source up to the file at a path or URL, in one commit.

    Raises:
        FraudError: the file cannot be read, its header lacks a column, the table does not exist yet, or somebody else
            loads at the same time.
    """
    log = lake.opened(TABLE)
    current = revisions(source, lake, log.version()) if log else None
    if log is None or current is None:
        raise FraudError(
            f"{TABLE.full_name} does not exist yet; {START}, then `fraud run references --source {source}`"
        )
    now = datetime.now(UTC)
    loaded = read(fetched(place, of.name), of, source, now)
    changed, closed = revised(current.filter(pl.col("list") == of.name).collect(), loaded, now)
    rows = pl.concat([changed, closed]).with_columns(
        source=pl.lit(source), list=pl.lit(of.name), loaded_at=pl.lit(now).cast(pl.Datetime("us", "UTC"))
    )
    if rows.height and not writing.append_if_unchanged(TABLE, rows, log):
        raise FraudError(f"{of.name}: others load lists at the same time; load it again")
    return Loaded(of.name, source, changed.height, closed.height, loaded.entries.height - changed.height, loaded.bad)


def revisions(source: str, lake: Lake, version: int | None = None) -> pl.LazyFrame | None:
    """All that is current for a source, now or in a version; None when the table was never created."""
    frame = reads.scan(TABLE, lake, version)
    return None if frame is None else frame.filter(pl.col("source") == source)


def report(loaded: Loaded, folder: Path) -> Path | None:
    """Write the bad lines as a CSV file in place of an earlier report; None, and no report, without any."""
    file = folder / f"{loaded.source}-{loaded.list}.csv"
    if not loaded.bad:
        file.unlink(missing_ok=True)
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(("line", "problem", "text"))
        rows.writerows((bad.line, bad.problem, bad.text) for bad in loaded.bad)
    return file
