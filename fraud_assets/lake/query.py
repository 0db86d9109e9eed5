"""SQL over the lake by table names, without Spark: DuckDB over the Delta tables."""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from fraud_assets.errors import FraudError
from fraud_assets.lake import reads
from fraud_assets.tables import ALL, Layer


@dataclass(frozen=True)
class Answer:
    """The columns and rows of an answer."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def query(sql: str, lake: str) -> Answer:
    """The answer to one SQL statement over tables named as declared, for example ``gold.scores``.

    Raises:
        FraudError: the statement is wrong, or names a table that is not there yet.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for layer in Layer:
        connection.execute(f"CREATE SCHEMA {layer}")
    missing = []
    for table in ALL:
        frame = reads.scan(table, lake)
        if frame is None:
            missing.append(table.full_name)
            continue
        view = f"{table.layer}_{table.name}"
        connection.register(view, frame.with_columns(pl.selectors.datetime().dt.cast_time_unit("us")))
        connection.execute(f"CREATE VIEW {table.full_name} AS SELECT * FROM {view}")
    try:
        result = connection.execute(sql)
        if result is None:
            raise FraudError('query: no statement; give one, for example "select count(*) from silver.transactions"')
        columns = [column[0] for column in result.description or []]
        return Answer(columns, result.fetchall() if columns else [])
    except duckdb.Error as error:
        message = str(error).splitlines()[0]
        hint = next((f"; {name} is empty so far: run `make demo` or `fraud up`" for name in missing if name in sql), "")
        raise FraudError(f"query: {message}{hint}") from error
