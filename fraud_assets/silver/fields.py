"""A record's bytes as texts by field, for each format that a source's file may name, as Spark reads them.

What belongs here: JSON, CSV and Debezium in this process; ``formats.py`` has the same as Spark expressions.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from fraud_assets.declarations.sources.stream import CHANGE_FIELDS, Stream
from fraud_assets.expressions import json_text
from fraud_assets.silver.shapes import CHANGES, NO_VALUE, NOT_UTF8, csv_line, unreadable

_LARGEST = 2.0**63


class Record(NamedTuple):
    """What a record says: the texts of the stream's fields, and of JSON fields that it does not know.

    ``reason`` says why it could not be read; then no field has a text.
    """

    texts: Sequence[str | None]
    unknown: dict[str, str | None] | None = None
    reason: str | None = None


def reader(stream: Stream) -> Callable[[bytes | None], Record]:
    """What reads a record of the stream."""
    split: Callable[[bytes, str], Record | None] = {"json": _json, "csv": _csv, "debezium": _debezium}[stream.format](
        stream
    )
    nothing = (None,) * len(stream.known)
    bad = Record(nothing, reason=unreadable(stream))

    def read(value: bytes | None) -> Record:
        if value is None:
            return Record(nothing, reason=NO_VALUE)
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return Record(nothing, reason=NOT_UTF8)
        return split(value, text) or bad

    return read


def _json(stream: Stream) -> Callable[[bytes, str], Record | None]:
    fields, known = stream.fields, frozenset(stream.fields)

    def read(value: bytes, text: str) -> Record | None:
        found = _object(value, text)
        if found is None:
            return None
        texts = [found.get(field) for field in fields]
        if len(found) == len(fields) - texts.count(None):
            return Record(texts)
        return Record(texts, {name: each for name, each in found.items() if name not in known} or None)

    return read


def _csv(stream: Stream) -> Callable[[bytes, str], Record | None]:
    separator, width = stream.separator, len(stream.fields)
    line = re.compile(csv_line(separator).replace("\\z", "\\Z"))
    special = re.compile('["\r\n]')

    def read(_: bytes, text: str) -> Record | None:
        text = text.rstrip("\r\n")
        if not text.strip(" \t\n\x0b\f\r"):
            return None
        if special.search(text) is None:
            texts = text.split(separator)
        elif line.match(text) is None:
            return None
        else:
            texts = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
        return Record([each or None for each in texts]) if len(texts) == width else None

    return read


def _debezium(stream: Stream) -> Callable[[bytes, str], Record | None]:
    def read(_: bytes, text: str) -> Record | None:
        try:
            whole = json_text.loads(text)
        except ValueError:
            return None
        if not isinstance(whole, tuple):
            return None
        envelope = dict(whole)
        payload = envelope.get("payload")
        change = dict(payload) if isinstance(payload, tuple) else envelope
        op = json_text.written(change.get("op"))
        row = change.get("before" if op == "d" else "after")
        if op not in CHANGES or not isinstance(row, tuple):
            return None
        values = dict(row)
        texts = [json_text.written(values.get(field)) for field in stream.fields]
        return Record([*texts, *(json_text.written(change.get(field)) for field in CHANGE_FIELDS)])

    return read


def _object(value: bytes, text: str) -> dict[str, str | None] | None:
    """A JSON object's values as texts, of a repeated name the last; None when it is no object."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict):
        texts = {}
        for name, each in found.items():
            if each is None or type(each) is str:
                texts[name] = each
            elif type(each) is bool:
                texts[name] = "true" if each else "false"
            elif type(each) is int:
                texts[name] = str(each)
            elif type(each) is float and abs(each) < _LARGEST:
                texts[name] = json_text.double(each)
            else:
                break
        else:
            return texts
    return _slowly(text)


def _slowly(text: str) -> dict[str, str | None] | None:
    """As `_object`, of what orjson does not read: objects and lists as they were sent, long numbers, NaN."""
    try:
        found: Any = json_text.loads(text)
    except ValueError:
        return None
    if not isinstance(found, tuple):
        return None
    return {str(json_text.written(name)): json_text.written(each) for name, each in found}
