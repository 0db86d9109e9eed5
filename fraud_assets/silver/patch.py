"""Fields of a quarantined record replaced by what expressions over its fields give.

What belongs here: the record's text taken apart and put together again in its stream's format. Nothing is typed and
no rule is applied: that is silver's business when it reads the record again.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import duckdb

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.errors import FraudError
from fraud_assets.expressions import ExpressionError, Type, columns, expression, renamed, to_duckdb
from fraud_assets.expressions.engines import with_functions

_DUCKDB = {"string": "varchar", "bigint": "bigint", "double": "double", "boolean": "boolean", "null": "varchar"}
"""DuckDB's types of the fields' values."""


def assignments(texts: list[str]) -> dict[str, str]:
    """Expressions by field, from texts such as ``amount=abs(amount)``.

    Raises:
        FraudError: a text is none.
    """
    found = {}
    for text in texts:
        field, sign, expression = text.partition("=")
        if not (sign and field.strip() and expression.strip()):
            raise FraudError(f"'{text}' is no patch: write field=expression, for example amount=abs(amount)")
        found[field.strip()] = expression.strip()
    return found


def patching(source: Source, texts: list[str]) -> Callable[[str, bytes | None], bytes]:
    """The edit of a fix that applies such texts to records of the source's streams; see `patched`.

    Raises:
        FraudError: a text is no assignment.
    """
    expressions = assignments(texts)
    return lambda stream, value: patched(value, getattr(source, stream), expressions)


def patched(value: bytes | None, stream: Stream, expressions: Mapping[str, str]) -> bytes:
    """The record with each field replaced by its expression (docs/expressions.md) over the fields as they were.

    JSON's numbers, texts and booleans have their types, objects and lists are texts of JSON, a CSV's fields are texts;
    declared fields that the record lacks are null.

    Raises:
        FraudError: the record is not in the stream's format, or an expression is wrong for its fields.
    """
    unknown = sorted(set(expressions) - set(stream.fields))
    if unknown:
        raise FraudError(f"no field '{unknown[0]}' in topic {stream.topic}; it has {', '.join(stream.fields)}")
    fields, written = _taken_apart(value, stream)
    known = {name: _typed(each) for name, each in (dict.fromkeys(stream.fields) | fields).items()}
    return written(fields | {field: _evaluated(field, sql, known) for field, sql in expressions.items()})


def _typed(value: Any) -> tuple[Type, Any]:
    """The type that a field's value has in expressions, and the value as one of that type."""
    if value is None:
        return "null", None
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return "bigint", value
    if isinstance(value, int | float):
        return "double", float(value)
    return "string", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _evaluated(field: str, sql: str, fields: Mapping[str, tuple[Type, Any]]) -> Any:
    """What the expression gives; a time as a text in UTC."""
    try:
        tree = expression(sql, {name: type_ for name, (type_, _) in fields.items()})
    except ExpressionError as error:
        raise FraudError(f"{field}={sql}: {error}") from None
    names = sorted(columns(tree))
    places = {name: f"field_{place}" for place, name in enumerate(names)}  # DuckDB takes Amount for amount
    given = ", ".join(f"cast(? as {_DUCKDB[fields[name][0]]}) as {place}" for name, place in places.items())
    with with_functions(duckdb.connect()) as connection:
        query = f"select {to_duckdb(renamed(tree, places))} from (select {given or 'null'})"
        row = connection.execute(query, [fields[name][1] for name in names]).fetchone()
    assert row is not None
    return str(row[0]) if isinstance(row[0], datetime) else row[0]


def _taken_apart(value: bytes | None, stream: Stream) -> tuple[dict[str, Any], Callable[[dict[str, Any]], bytes]]:
    """The record's fields, and what makes a record of such fields."""
    if stream.format == "csv":
        return _csv(value, stream)
    try:
        whole = json.loads(value or b"")
        row = _row(whole) if stream.format == "debezium" else whole
        if not isinstance(row, dict):
            raise ValueError("no fields")
    except (ValueError, KeyError, TypeError) as error:
        raise _cannot(value, f"{stream.format} record") from error

    def written(fields: dict[str, Any]) -> bytes:
        row.update(fields)
        return json.dumps(whole, ensure_ascii=False).encode()

    return dict(row), written


def _csv(value: bytes | None, stream: Stream) -> tuple[dict[str, Any], Callable[[dict[str, Any]], bytes]]:
    try:
        (texts,) = csv.reader([(value or b"").decode()], delimiter=stream.separator)
        fields = dict(zip(stream.fields, texts, strict=True))
    except (ValueError, csv.Error) as error:
        raise _cannot(value, f"record of {len(stream.fields)} fields") from error

    def written(fields: dict[str, Any]) -> bytes:
        line = io.StringIO()
        texts = ["" if fields[name] is None else str(fields[name]) for name in stream.fields]
        csv.writer(line, delimiter=stream.separator, lineterminator="").writerow(texts)
        return line.getvalue().encode()

    return fields, written


def _row(whole: dict[str, Any]) -> Any:
    """The row of a Debezium change."""
    change = whole.get("payload") or whole
    return change["before"] if change["op"] == "d" else change["after"]


def _cannot(value: bytes | None, what: str) -> FraudError:
    shown = (value or b"")[:60].decode("utf-8", "backslashreplace")
    return FraudError(f"not a {what}, so it has no fields to set: {shown!r}; give the whole record with --value")
