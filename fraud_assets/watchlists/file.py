"""A list's file, line by line: the entries that can be used, and what is wrong with the others.

The file is CSV with a header: the list's own columns and, if wanted, source (an entry of this source only), valid_from,
valid_to and known_at (ISO 8601, UTC where no zone is given), and why. Other columns are ignored. ``known_at`` is when
the entry was first published, for a lake that begins with a list's history; without it, when it is loaded.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

import polars as pl

from fraud_assets.errors import FraudError
from fraud_assets.watchlists.lists import Columns, List

TIMES = ("valid_from", "valid_to", "known_at")
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "entry": pl.String,
    "ip_first": pl.Int64,
    "ip_last": pl.Int64,
    "country": pl.String,
    "why": pl.String,
    **dict.fromkeys(TIMES, pl.Datetime("us", "UTC")),
}
PATIENCE_S = 60


@dataclass(frozen=True)
class Bad:
    """A line that cannot be used: its number in the file (the header is 1), what is wrong, the line itself."""

    line: int
    problem: str
    text: str


@dataclass(frozen=True)
class Read:
    """The content of a file for one source: the entries, in the columns of `SCHEMA`, and the bad lines.

    ``doubtful`` are entries that bad lines name: what is held of them stays as it is.
    """

    entries: pl.DataFrame
    bad: tuple[Bad, ...]
    doubtful: frozenset[str]


def fetched(place: str, name: str) -> str:
    """The text at a path or URL; bytes that are not UTF-8 become U+FFFD.

    Raises:
        FraudError: there is nothing to read there.
    """
    try:
        if "://" in place:
            with urlopen(place, timeout=PATIENCE_S) as answer:
                content: bytes = answer.read()
        else:
            content = Path(place).expanduser().read_bytes()
    except (OSError, ValueError, HTTPException) as error:
        raise FraudError(f"{name}: cannot read {place} ({error}); nothing was changed") from None
    return content.decode("utf-8-sig", errors="replace")


def read(text: str, of: List, source: str, now: datetime) -> Read:
    """The entries for one source.

    Raises:
        FraudError: the header lacks a column of the list.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    header = [name.strip().lower() for name in lines[0].split(",")]
    if missing := [name for name in of.columns if name not in header]:
        raise FraudError(f"{of.name}: the header has no column {missing[0]}; found: {lines[0][:100] or 'nothing'}")
    found: list[tuple[int, Columns]] = []
    bad: list[Bad] = []
    doubtful: set[str] = set()
    seen: dict[tuple[object, object], int] = {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        entry: Columns = {}
        try:
            fields = _fields(line, header)
            if fields.get("source", source) not in ("", source):
                continue
            entry = of.read(fields) | {"why": fields.get("why") or None}
            entry |= _times(fields, now)
            first = seen.setdefault((entry["entry"], entry["valid_from"]), number)
            if first != number:
                raise ValueError(f"repeats line {first}")
            found.append((number, entry))
        except (ValueError, csv.Error) as error:
            bad.append(Bad(number, str(error), line))
            doubtful.update(str(name) for name in (entry.get("entry"),) if name)
    overlaps = _overlaps(found)
    bad += [Bad(number, problem, lines[number - 1]) for number, problem in overlaps.items()]
    doubtful.update(str(entry["entry"]) for number, entry in found if number in overlaps)
    entries = pl.DataFrame([entry for number, entry in found if number not in overlaps], schema=SCHEMA)
    return Read(entries, tuple(sorted(bad, key=lambda each: each.line)), frozenset(doubtful))


def _fields(line: str, header: Sequence[str]) -> dict[str, str]:
    if "\ufffd" in line:
        raise ValueError("not UTF-8 text")
    values = next(csv.reader([line], strict=True))
    if any(values[len(header) :]):
        raise ValueError(f"{len(values)} fields, the header has {len(header)}")
    given = [*values, *[""] * (len(header) - len(values))]
    return {name: value.strip() for name, value in zip(header, given, strict=False)}


def _times(fields: dict[str, str], now: datetime) -> dict[str, datetime | None]:
    found = {name: _time(name, fields.get(name, "")) for name in TIMES}
    since, until, known = (found[name] for name in TIMES)
    if since and until and until <= since:
        raise ValueError("valid_to is not after valid_from")
    if known and known > now:
        raise ValueError("known_at is in the future")
    return found


def _time(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is not an ISO 8601 time but '{text}'") from None


def _overlaps(found: list[tuple[int, Columns]]) -> dict[int, str]:
    """The lines of ranges that begin before one that begins earlier has ended, with the problem."""
    ranges = [(entry["ip_first"], number, entry["ip_last"]) for number, entry in found if "ip_first" in entry]
    problems, latest, of = {}, -1, 0
    for first, number, last in sorted(ranges):
        if first <= latest:
            problems[number] = f"overlaps line {of}"
        else:
            latest, of = last, number
    return problems
