"""The account of a source: every bronze record is in silver, a duplicate, or in quarantine."""

from dataclasses import dataclass

import polars as pl

from fraud_assets.lake import increments, reads
from fraud_assets.silver.step import STREAMS
from fraud_assets.sources.stream import IN_LINE
from fraud_assets.tables import Table, silver


@dataclass(frozen=True)
class Account:
    """Records of one stream, up to the bronze version that silver has read to."""

    stream: str
    version: int | None
    bronze: int
    silver: int
    duplicates: int
    quarantined: int

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing and nothing is there twice."""
        return self.bronze == self.silver + self.duplicates + self.quarantined

    def __str__(self) -> str:
        """The account as a line for people."""
        sign = "=" if self.balanced else "≠"
        return (
            f"{self.stream}: bronze {self.bronze:,} {sign} silver {self.silver:,} + duplicates {self.duplicates:,} "
            f"+ quarantine {self.quarantined:,} (bronze version {self.version})"
        )


def account(source: str, lake: str) -> list[Account]:
    """The accounts of a source's transactions and labels."""
    found = []
    for stream, (upstream, target) in STREAMS.items():
        version = increments.taken(upstream, target, source, lake)
        found.append(
            Account(
                stream,
                version,
                0 if version is None else reads.count(upstream, lake, source, version),
                _kept(target, source, lake),
                _of_stream(silver.DUPLICATES, source, stream, lake),
                _of_stream(silver.QUARANTINE, source, stream, lake),
            )
        )
    return found


def _kept(target: Table, source: str, lake: str) -> int:
    """Rows of the stream's own records; labels that came in line with payments are not."""
    frame = reads.scan(target, lake)
    if target is not silver.LABELS or frame is None:
        return reads.count(target, lake, source)
    mine = frame.filter(pl.col("source") == source, pl.col("origin").ne_missing(IN_LINE))
    return int(mine.select(pl.len()).collect().item())


def _of_stream(table: Table, source: str, stream: str, lake: str) -> int:
    frame = reads.scan(table, lake)
    if frame is None:
        return 0
    mine = frame.filter(pl.col("source") == source, pl.col("stream") == stream)
    return int(mine.select(pl.len()).collect().item())
