"""SQL over the lake by table names, without Spark: DuckDB over the Delta tables."""

import base64
import json
import math
import re
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import duckdb
import numpy as np
import polars as pl

from fraud_assets.declarations.tables import ALL, Layer
from fraud_assets.errors import START, FraudError
from fraud_assets.lake import reads
from fraud_assets.lake.confined import confine
from fraud_assets.lake.location import Lake

_EXAMPLE = '"select count(*) from silver.transactions"'
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
"""DuckDB counts DESCRIBE, SHOW and SUMMARIZE as SELECT."""


@dataclass(frozen=True)
class Answer:
    """The columns and rows of an answer."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def json(self) -> str:
        """One JSON list of objects: NaN and infinities null, times ISO 8601, bytes text or ``base64:…``."""
        objects = [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]
        return json.dumps(objects, allow_nan=False)


def query(sql: str, lake: Lake) -> Answer:
    """The answer to one SQL statement over tables named as declared, for example ``gold.scores``; it only reads.

    Raises:
        FraudError: the statement is wrong, does not read, or names a table that is not there yet, or there are several.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")  # before it is confined: this loads an extension
        missing = _register(connection, lake)
        confine(connection)
        try:
            statement = _one(connection.extract_statements(sql))
            if len(missing) == len(ALL) and statement.query.lower().startswith("show"):
                raise FraudError(f"query: the lake has no tables so far; {START}")
            result = connection.execute(statement)
            return _answer(result)
        except duckdb.PermissionException as error:
            raise FraudError(f"query: it reads the lake's tables and no files: {_first(error)}") from error
        except duckdb.CatalogException as error:
            empty = next((name for name in missing if re.search(rf"\b{re.escape(name)}\b", sql)), None)
            raise FraudError(
                f"query: {f'{empty} is empty so far; {START}' if empty else _wrong(error, sql)}"
            ) from error
        except duckdb.Error as error:
            raise FraudError(f"query: {_wrong(error, sql)}") from error


def _register(connection: duckdb.DuckDBPyConnection, lake: Lake) -> list[str]:
    """Make every table a view; returns the names of those that are not there yet."""
    for layer in Layer:
        connection.execute(f"CREATE SCHEMA {layer}")
    missing = []
    for table in ALL:
        frame = reads.scan(table, lake)
        if frame is None:
            missing.append(table.full_name)
            continue
        connection.register(table.full_name, frame.with_columns(pl.selectors.datetime().dt.cast_time_unit("us")))
        connection.execute(f'CREATE VIEW {table.full_name} AS SELECT * FROM "{table.full_name}"')
    return missing


def _one(statements: list[duckdb.Statement]) -> duckdb.Statement:
    if not statements:
        raise FraudError(f"query: no statement; give one, for example {_EXAMPLE}")
    if len(statements) > 1:
        raise FraudError(f"query: found {len(statements)} statements; give one at a time")
    if statements[0].type not in _READING:
        found = statements[0].query.split()[0].upper()
        raise FraudError(f"query: it only reads, and {found} does not; use SELECT, or `fraud export` for files")
    return statements[0]


def _answer(result: duckdb.DuckDBPyConnection) -> Answer:
    """What was found; numbers of single precision as the shortest stored alike: 0.3, not 0.30000001192092896."""
    columns = result.description or []
    single = [column[1] == duckdb.sqltypes.FLOAT for column in columns]
    rows = result.fetchall()
    if any(single):
        rows = [
            tuple(
                float(str(np.float32(value))) if short and value is not None else value
                for value, short in zip(row, single, strict=True)
            )
            for row in rows
        ]
    return Answer([column[0] for column in columns], rows)


def _wrong(error: duckdb.Error, sql: str) -> str:
    """What is wrong, with the names it may have meant."""
    said = _first(error)
    if table := re.search(r"Table with name \"?(?:\w+\.)?(\w+)", said):
        alike = get_close_matches(table[1], {t.name for t in ALL})
        close = [t.full_name for t in ALL if t.name in alike or t.name in table[1]]  # as in silver_labels
        listed = '`fraud query "show tables"` lists them'
    elif column := re.search(r"(?:column named|Referenced column) \"(\w+)\"", said):
        close = get_close_matches(column[1], {c.name for t in ALL if t.full_name in sql for c in t.columns})
        listed = '`fraud query "describe LAYER.TABLE"` lists them'
    else:
        return said
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{said.rstrip('!.')}; {meant}{listed}"


def _first(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _plain(value: Any) -> Any:
    """The value in what JSON can say."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value)
        case date() | time():
            return value.isoformat()
        case bytes():
            return _text(value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case _:
            return str(value)


def _text(value: bytes) -> str:
    """As in an export to CSV."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"base64:{base64.b64encode(value).decode()}"
