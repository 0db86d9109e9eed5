"""The account of a source: every bronze record is in silver, a duplicate or a correction, or set aside."""

from dataclasses import dataclass

import polars as pl

from fraud_assets.declarations.sources.stream import EMBEDDED
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import cursor, reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.outcome import STREAMS
from fraud_assets.silver.quarantine import State, cases


@dataclass(frozen=True)
class Account:
    """Records of one stream, up to the bronze version that silver has read to."""

    stream: str
    version: int | None
    bronze: int
    silver: int
    duplicates: int
    corrections: int
    quarantined: int
    """Open, or waiting to be read again."""
    discarded: int

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing and nothing is there twice."""
        kept = self.silver + self.duplicates + self.corrections
        return self.bronze == kept + self.quarantined + self.discarded

    def __str__(self) -> str:
        """The account as a line for people."""
        sign = "=" if self.balanced else "≠"
        return (
            f"{self.stream}: bronze {self.bronze:,} {sign} silver {self.silver:,} + duplicates {self.duplicates:,} "
            f"+ corrections {self.corrections:,} + quarantine {self.quarantined:,} + discarded {self.discarded:,} "
            f"(bronze version {self.version})"
        )


def account(source: str, lake: Lake) -> list[Account]:
    """The accounts of a source's transactions and labels."""
    found, standing = [], _standing(source, lake)
    for stream, (upstream, target) in STREAMS.items():
        made = all(lake.opened(table) for table in (upstream, target))
        version = cursor.last_read_version(upstream, target, source, lake) if made else None
        found.append(
            Account(
                stream,
                version,
                0 if version is None else reads.count(upstream, lake, source, version),
                _kept(target, source, lake),
                _duplicates(source, stream, lake),
                reads.count(silver.CORRECTIONS, lake, source) if target is silver.TRANSACTIONS else 0,
                sum(standing.get((stream, str(state)), 0) for state in (State.OPEN, State.WAITING)),
                standing.get((stream, str(State.DISCARDED)), 0),
            )
        )
    return found


def _kept(target: Table, source: str, lake: Lake) -> int:
    """Rows of the stream's own records; labels that came in line with payments, and verdicts given here, are not."""
    frame = reads.scan(target, lake)
    if target is not silver.LABELS or frame is None:
        return reads.count(target, lake, source)
    mine = frame.filter(
        pl.col("source") == source, pl.col("origin").ne_missing(EMBEDDED), pl.col("topic").is_not_null()
    )
    return int(mine.select(pl.len()).collect().item())


def _duplicates(source: str, stream: str, lake: Lake) -> int:
    frame = reads.scan(silver.DUPLICATES, lake)
    if frame is None:
        return 0
    mine = frame.filter(pl.col("source") == source, pl.col("stream") == stream)
    return int(mine.select(pl.len()).collect().item())


def _standing(source: str, lake: Lake) -> dict[tuple[str, str], int]:
    """Quarantined records by stream and state."""
    frame = cases(source, lake)
    if frame is None:
        return {}
    counted = frame.group_by("stream", "state").len().collect()
    return {(stream, state): records for stream, state, records in counted.iter_rows()}
