"""A table as files for a warehouse: one version, part by part, with a manifest by which an export goes on.

A part holds the rows of a few of the version's data files, always the same ones, so a part that is finished stays as
it is however often the export is called (``parts.py`` writes them).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from deltalake import DeltaTable

from fraud_assets.declarations.tables import ALL, Table, bronze, gold, silver
from fraud_assets.errors import START, FraudError
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.lake.parts import Format, groups, write

MANIFEST = "manifest.json"

PRESETS = {
    "RAW_TRANSACTIONS": bronze.TRANSACTIONS,
    "CLEANED_TRANSACTIONS": silver.TRANSACTIONS,
    "HOURLY_CATEGORY_SUMMARY": gold.HOURLY_CATEGORY_SUMMARY,
}
"""The tables that warehouses load from the e-commerce flow, by the names they have there."""
PRESET_SOURCE = "ecommerce"


@dataclass(frozen=True)
class Part:
    """One finished file of an export."""

    file: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an export's folder holds; ``complete`` once every part is there."""

    table: str
    version: int
    source: str | None
    format: Format
    columns: dict[str, str]
    rows: int
    complete: bool
    parts: tuple[Part, ...]


def named(name: str) -> Table:
    """The table of that full name.

    Raises:
        FraudError: there is none; the message lists those there are.
    """
    for table in ALL:
        if table.full_name == name:
            return table
    raise FraudError(f"no table '{name}'; there are: {', '.join(table.full_name for table in ALL)}")


def preset(name: str) -> Table:
    """The table that a warehouse knows by that name.

    Raises:
        FraudError: there is none; the message lists those there are.
    """
    if name not in PRESETS:
        raise FraudError(f"no preset '{name}'; there are: {', '.join(PRESETS)}")
    return PRESETS[name]


def export(
    table: Table,
    form: Format,
    to: Path,
    lake: Lake,
    source: str | None = None,
    version: int | None = None,
    progress: Callable[[int, int], None] = lambda done, parts: None,
) -> Manifest:
    """Write a version of the table (the newest unless given), of one source or all, into a folder.

    Called again it continues with the version that it began, and keeps finished parts; once complete, a newer version
    replaces it. ``progress`` is called with the number of finished parts and of all.

    Raises:
        FraudError: the table or version is not there, or the folder holds another export.
    """
    earlier = _earlier(to, table, form, source)
    if version is None and earlier and not earlier.complete:
        version = earlier.version
    delta = _opened(table, lake, version)
    to.mkdir(parents=True, exist_ok=True)
    if earlier and earlier.version != delta.version():
        for old in earlier.parts:
            (to / old.file).unlink(missing_ok=True)
        earlier = None
    finished = {part.file: part for part in earlier.parts} if earlier else {}
    declared = {column.name: column.type for column in table.columns}
    columns = {field.name: declared[field.name] for field in delta.schema().fields}
    begun = Manifest(table.full_name, delta.version(), source, form, columns, 0, False, ())
    wanted = list(groups(delta, source))
    for number, files in enumerate(wanted):
        progress(number, len(wanted))
        file = to / f"part-{number:05}.{form}"
        part = finished.get(file.name)
        if part is None or not _intact(file, part):
            part = _part(file, write(delta, files, file, form))
        begun = replace(begun, rows=begun.rows + part.rows, parts=(*begun.parts, part))
        _save(begun, to)
    whole = replace(begun, complete=True)
    _save(whole, to)
    progress(len(wanted), len(wanted))
    return whole


def _opened(table: Table, lake: Lake, version: int | None) -> DeltaTable:
    newest = reads.version(table, lake)
    if newest is None:
        raise FraudError(f"export: {table.full_name} is empty so far; {START}")
    if version is not None and not 0 <= version <= newest:
        raise FraudError(f"export: {table.full_name} has no version {version}; the newest is {newest}")
    return lake.log(table, version)


def _earlier(to: Path, table: Table, form: Format, source: str | None) -> Manifest | None:
    """What an earlier call left in the folder."""
    file = to / MANIFEST
    if not file.exists():
        return None
    found = json.loads(file.read_text())
    earlier = (found["table"], found["format"], found["source"])
    if earlier != (table.full_name, form, source):
        what = f"{earlier[0]} as {earlier[1]}, source {earlier[2] or 'all'}"
        raise FraudError(f"export: {to} holds an export of {what}; choose another folder")
    return Manifest(**found | {"parts": tuple(Part(**part) for part in found["parts"])})


def _save(manifest: Manifest, to: Path) -> None:
    """Whole or not at all, so that a call that dies leaves a manifest that can be read."""
    new = to / f"{MANIFEST}.new"
    new.write_text(json.dumps(asdict(manifest), indent=2) + "\n")
    new.replace(to / MANIFEST)


def _part(file: Path, rows: int) -> Part:
    return Part(file.name, rows, file.stat().st_size, _checksum(file))


def _intact(file: Path, part: Part) -> bool:
    return file.exists() and file.stat().st_size == part.bytes and _checksum(file) == part.sha256


def _checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
