"""One expression means the same on Spark, DuckDB and Polars: a table of cases, and expressions made at random."""

import math
from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from fraud_assets.expressions import Node, expression, to_duckdb, to_polars, to_spark
from fraud_assets.expressions.engines import with_functions
from fraud_assets.expressions.translate import POLARS_TYPES
from fraud_assets_tests.expressions.cases import CASES, COLUMNS

NAMES = [f"{sql} over {row}" for sql, row, _ in CASES]


def read(sql: str) -> Node:
    return expression(sql, COLUMNS)


def frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """One row for each, with a number ``n``; what a row lacks is null."""
    kinds = {name: POLARS_TYPES[type_] for name, type_ in COLUMNS.items()}
    data = {name: [row.get(name) for row in rows] for name in COLUMNS}
    return pl.DataFrame(data, schema=kinds).with_row_index("n").cast({"n": pl.Int64})


def same(found: Any, expected: Any) -> bool:
    """Equal in type and value; NaN is itself."""
    if isinstance(found, float) and isinstance(expected, float) and math.isnan(found):
        return math.isnan(expected)
    return type(found) is type(expected) and bool(found == expected)


def by_polars(node: Node, rows: pl.DataFrame) -> list[Any]:
    return rows.lazy().select(value=to_polars(node)).collect()["value"].to_list()


def by_duckdb(node: Node, rows: pl.DataFrame) -> list[Any]:
    with with_functions(duckdb.connect()) as connection:
        connection.execute("set timezone = 'UTC'")
        naive = rows.with_columns(pl.col("at").dt.replace_time_zone(None))
        connection.register("rows_", naive.to_arrow(compat_level=pl.CompatLevel.oldest()))
        return [value for (value,) in connection.execute(f"select {to_duckdb(node)} from rows_ order by n").fetchall()]


def check(found: list[Any]) -> None:
    wrong = [
        (name, value, expected)
        for name, value, (_, _, expected) in zip(NAMES, found, CASES, strict=True)
        if not same(value, expected)
    ]
    assert wrong == []


def test_polars_gives_what_is_written_here() -> None:
    check([by_polars(read(sql), frame([row]))[0] for sql, row, _ in CASES])


def test_polars_gives_the_same_for_many_rows() -> None:
    """Beside other rows, and where the frame holds none."""
    found = []
    for sql, row, _ in CASES:
        made = frame([{}, row, {}]).select(value=to_polars(read(sql)))["value"]
        found.append(made.to_list()[min(1, made.len() - 1)])
        assert frame([]).select(value=to_polars(read(sql)))["value"].dtype in (POLARS_TYPES[read(sql).type], pl.Null)
    check(found)


def test_duckdb_gives_what_is_written_here() -> None:
    check([by_duckdb(read(sql), frame([row]))[0] for sql, row, _ in CASES])


@pytest.mark.stack
def test_spark_gives_what_is_written_here(spark: SparkSession) -> None:
    rows = spark.createDataFrame(frame([row for _, row, _ in CASES]).to_arrow(compat_level=pl.CompatLevel.oldest()))
    found: list[Any] = [None] * len(CASES)
    for start in range(0, len(CASES), 50):
        some = range(start, min(start + 50, len(CASES)))
        picked = rows.where(f"n between {some.start} and {some.stop - 1}").selectExpr(
            "n", *(f"{to_spark(read(CASES[place][0]))} as v{place}" for place in some)
        )
        values = pl.DataFrame(pa.table(picked.toArrow()))
        for row in values.iter_rows(named=True):
            found[row["n"]] = row[f"v{row['n']}"]
    check(found)
