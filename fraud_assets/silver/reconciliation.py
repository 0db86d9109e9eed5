"""Reconciliation of a source: each bronze record is in exactly one table of silver, or discarded."""

from dataclasses import dataclass

import polars as pl

from fraud_assets.declarations.sources.stream import EMBEDDED
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import cursor, reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.quarantine import State, cases
from fraud_assets.silver.streams import STREAMS


@dataclass(frozen=True)
class Reconciliation:
    """Records of one stream, up to the bronze version that silver has read."""

    stream: str
    version: int | None
    bronze: int
    silver: int
    duplicates: int
    corrections: int
    quarantined: int
    """Open cases, and those waiting to be read again."""
    discarded: int

    @property
    def balanced(self) -> bool:
        """Whether each record is in exactly one place."""
        kept = self.silver + self.duplicates + self.corrections
        return self.bronze == kept + self.quarantined + self.discarded

    def __str__(self) -> str:
        """The reconciliation as one line."""
        sign = "=" if self.balanced else "≠"
        return (
            f"{self.stream}: bronze {self.bronze:,} {sign} silver {self.silver:,} + duplicates {self.duplicates:,} "
            f"+ corrections {self.corrections:,} + quarantine {self.quarantined:,} + discarded {self.discarded:,} "
            f"(bronze version {self.version})"
        )


def reconcile(source: str, lake: Lake) -> list[Reconciliation]:
    """The reconciliations of a source's transactions and labels."""
    found, by_state = [], _quarantined(source, lake)
    for stream, (upstream, target) in STREAMS.items():
        exist = all(lake.opened(table) for table in (upstream, target))
        version = cursor.last_read_version(upstream, target, source, lake) if exist else None
        found.append(
            Reconciliation(
                stream,
                version,
                0 if version is None else reads.count(upstream, lake, source, version),
                _from_bronze(target, source, lake),
                _duplicates(source, stream, lake),
                reads.count(silver.CORRECTIONS, lake, source) if target is silver.TRANSACTIONS else 0,
                sum(by_state.get((stream, str(state)), 0) for state in (State.OPEN, State.WAITING)),
                by_state.get((stream, str(State.DISCARDED)), 0),
            )
        )
    return found


def _from_bronze(target: Table, source: str, lake: Lake) -> int:
    """Rows made from the stream's records: labels without those embedded in payments and those of analysts."""
    frame = reads.scan(target, lake)
    if target is not silver.LABELS or frame is None:
        return reads.count(target, lake, source)
    own = frame.filter(pl.col("source") == source, pl.col("origin").ne_missing(EMBEDDED), pl.col("topic").is_not_null())
    return int(own.select(pl.len()).collect().item())


def _duplicates(source: str, stream: str, lake: Lake) -> int:
    frame = reads.scan(silver.DUPLICATES, lake)
    if frame is None:
        return 0
    own = frame.filter(pl.col("source") == source, pl.col("stream") == stream)
    return int(own.select(pl.len()).collect().item())


def _quarantined(source: str, lake: Lake) -> dict[tuple[str, str], int]:
    """Quarantined records by stream and state."""
    frame = cases(source, lake)
    if frame is None:
        return {}
    counted = frame.group_by("stream", "state").len().collect()
    return {(stream, state): records for stream, state, records in counted.iter_rows()}
