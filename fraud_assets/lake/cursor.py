"""Cursors: how far a target has read each upstream, kept in the target's own Delta log.

What belongs here: which upstream versions a target has still to read, how many rows these hold, and what they were
made from. Rows are read in reading.py and committed, together with the cursor, in writing.py.

A cursor is Delta's transaction identifier ``<upstream table id>/<source>`` (with ``/<part>`` where one target reads
an upstream in parts); its version is the last upstream version read. Rows and cursor are one commit, so a step that
dies can be run again: either the commit exists and the cursor says so, or the step reads the same versions again.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deltalake import DeltaTable

from fraud_assets.declarations.tables import Table
from fraud_assets.declarations.tables.schema import RETENTION_DAYS
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake

IN_PROCESS_ROWS = 20_000
"""Largest number of new rows that a step computes and commits in its own process; above it, Spark does the work."""

_IN_PLACE = ("MERGE", "UPDATE", "DELETE")


@dataclass(frozen=True)
class Increment:
    """Versions ``first`` to ``last`` of ``upstream`` that ``target`` has not read yet, for one source."""

    upstream: Table
    target: Table
    source: str
    first: int
    last: int
    cursor: str

    @property
    def is_first(self) -> bool:
        """Whether the target has read nothing yet; it then reads a snapshot of the upstream at ``last``.

        The change feed need not reach back to version 0: upkeep removes what is older than its retention.
        """
        return self.first == 0

    @property
    def range(self) -> str:
        """The versions for people, for example ``bronze.transactions@3..7``."""
        return f"{self.upstream.full_name}@{self.first}..{self.last}"


def pending(upstream: Table, target: Table, source: str, lake: Lake, part: str = "") -> Increment | None:
    """The upstream versions that the target has not read; None when it has read them all."""
    return next(iter(pending_by_target(upstream, (target,), source, lake, part)), None)


def pending_by_target(
    upstream: Table, targets: Iterable[Table], source: str, lake: Lake, part: str = ""
) -> list[Increment]:
    """The upstream versions that each of a step's targets has not read, up to one version for all of them.

    Targets that have read everything are left out. Steps that read different rows of an upstream into one target give
    a ``part`` each, and so have a cursor each.
    """
    log = lake.log(upstream)
    cursor, newest = _cursor(log, source, part), log.version()
    found = []
    for target in targets:
        read = lake.log(target).transaction_version(cursor)
        first = 0 if read is None else read + 1
        if first <= newest:
            found.append(Increment(upstream, target, source, first, newest, cursor))
    return found


def last_read_version(upstream: Table, target: Table, source: str, lake: Lake, part: str = "") -> int | None:
    """The newest upstream version that the target has read; None when it has read none."""
    version = lake.log(target).transaction_version(_cursor(lake.log(upstream), source, part))
    return None if version is None else int(version)


def size(increment: Increment | None, lake: Lake) -> int:
    """An upper bound of the increment's rows (those of other sources count too); 0 for none."""
    if increment is None:
        return 0
    if increment.is_first:
        return reads.count(increment.upstream, lake, version=increment.last)
    return sum(map(_rows_added, _commits(increment, lake)))


def split(increments: list[Increment], most: int, lake: Lake) -> Iterator[list[Increment]]:
    """Increments with one first version, as consecutive ranges of at most ``most`` rows, or of one version.

    Versions beyond the reach of time travel stay in one range.
    """
    reach = datetime.now(UTC) - timedelta(days=RETENTION_DAYS)
    first, rows, before = increments[0].first, 0, reach
    for commit in sorted(_commits(increments[0], lake), key=lambda commit: int(commit["version"])):
        added = _rows_added(commit)
        if rows and rows + added > most and before > reach:
            yield [replace(increment, first=first, last=commit["version"] - 1) for increment in increments]
            first, rows = commit["version"], 0
        rows, before = rows + added, datetime.fromtimestamp(commit["timestamp"] / 1000, UTC)
    yield [replace(increment, first=first) for increment in increments]


def changed_in_place(increment: Increment | None, lake: Lake) -> bool:
    """Whether rows of the increment's source were updated or deleted in it, by a step or by hand."""
    if increment is None or increment.is_first:
        return False
    changes = [commit for commit in _commits(increment, lake) if commit["operation"] in _IN_PLACE]
    traces = [json.loads(commit["userMetadata"]) if commit.get("userMetadata") else {} for commit in changes]
    return any(trace.get("source", increment.source) == increment.source for trace in traces)


def origin(increment: Increment, upstream: Table, lake: Lake) -> Increment | None:
    """The versions of ``upstream`` from which the increment's rows were made; None when none of them were."""
    traces = [json.loads(c["userMetadata"]) for c in _commits(increment, lake) if c.get("userMetadata")]
    wanted = (upstream.full_name, increment.source)
    ranges = [(trace["first"], trace["last"]) for trace in traces if (trace["upstream"], trace["source"]) == wanted]
    if not ranges:
        return None
    first, last = min(first for first, _ in ranges), max(last for _, last in ranges)
    cursor = _cursor(lake.log(upstream), increment.source)
    return Increment(upstream, increment.upstream, increment.source, first, last, cursor)


def trace(increment: Increment) -> str:
    """The increment as JSON, for the metadata of the commit that reads it: from it `origin` finds the versions."""
    return json.dumps(
        {
            "upstream": increment.upstream.full_name,
            "source": increment.source,
            "first": increment.first,
            "last": increment.last,
        }
    )


def _cursor(upstream: DeltaTable, source: str, part: str = "") -> str:
    return "/".join([str(upstream.metadata().id), source, *([part] if part else [])])


def _commits(increment: Increment, lake: Lake) -> list[dict[str, Any]]:
    log = lake.log(increment.upstream)
    history: list[dict[str, Any]] = log.history(log.version() - increment.first + 1)
    return [commit for commit in history if increment.first <= commit["version"] <= increment.last]


def _rows_added(commit: dict[str, Any]) -> int:
    metrics = commit.get("operationMetrics", {})
    return int(metrics.get("numOutputRows") or metrics.get("num_added_rows") or 0)
