"""One expression means the same on Spark, DuckDB and Polars: a table of cases, and expressions made at random."""

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from fraud_assets.expressions import ExpressionError, Node, expression, to_duckdb, to_polars, to_spark
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
    return rows.with_columns(value=to_polars(node))["value"].to_list()


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


def made(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Expressions by their type, so deep at most."""
    if depth == 0:
        return {
            "string": st.sampled_from(["t", "u", "'a'", "''", "' 12.5 '", "'-7'", "null"]),
            "bigint": st.sampled_from(["i", "j", "0", "1", "-3", "9223372036854775807"]),
            "double": st.sampled_from(["d", "e", "0.5", "-1e300", "cast(null as double)"]),
            "boolean": st.sampled_from(["b", "c", "true", "cast(null as boolean)"]),
        }
    inner = made(depth - 1)
    text, whole, number, truth = (inner[name] for name in ("string", "bigint", "double", "boolean"))
    any_number = st.one_of(whole, number)

    def fill(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda found: template.format(*found))

    chosen: list[Callable[[Any], Any]] = [
        lambda of: fill("if({}, {}, {})", truth, of, of),
        lambda of: fill("coalesce({}, {})", of, of),
        lambda of: fill("nullif({}, {})", of, of),
        lambda of: fill("case when {} then {} when {} then {} end", truth, of, truth, of),
    ]
    sign = st.sampled_from("+-*")
    compared = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    return {
        "string": st.one_of(
            text,
            fill("{} || {}", text, st.one_of(text, whole, truth)),
            fill("concat_ws('-', {}, {})", text, text),
            fill("trim(lower({}))", text),
            fill("upper({})", text),
            fill("substr({}, 2, 3)", text),
            fill("left({}, 2)", text),
            fill("right({}, 2)", text),
            fill("replace({}, 'a', 'bc')", text),
            fill("lpad({}, 4, 'xy')", text),
            fill("rpad({}, 2, '0')", text),
            fill("split_part({}, '-', 2)", text),
            fill("cast({} as string)", whole),
            fill("regexp_replace({}, '([a-z])[0-9]?', '<$1>')", text),
            fill("regexp_extract({}, '(a)|.', 1)", text),
            *(choice(text) for choice in chosen),
        ),
        "bigint": st.one_of(
            whole,
            fill("({} {} {})", whole, sign, whole),
            fill("-({})", whole),
            fill("abs({})", whole),
            fill("length({})", text),
            fill("cast({} as bigint)", st.one_of(text, number)),
            *(choice(whole) for choice in chosen),
        ),
        "double": st.one_of(
            number,
            fill("({} {} {})", number, sign, any_number),
            fill("({} / {})", any_number, any_number),
            fill("abs({})", number),
            fill("cast({} as double)", st.one_of(text, whole)),
            fill("greatest({}, {})", number, any_number),
            *(choice(number) for choice in chosen),
        ),
        "boolean": st.one_of(
            truth,
            fill("({} {} {})", text, compared, text),
            fill("({} {} {})", any_number, compared, any_number),
            fill("({} and {})", truth, truth),
            fill("({} or {})", truth, truth),
            fill("not ({})", truth),
            fill("({}) is null", text),
            fill("({}) is true", truth),
            fill("{} in ('a', '12')", text),
            fill("{} not in (0, 1.5)", any_number),
            fill("{} like '%a_'", text),
            fill(r"{} rlike '^\\d|a$'", text),
            fill("{} between {} and {}", number, any_number, whole),
            fill("contains({}, 'a')", text),
            fill("startswith({}, 'a')", text),
            fill("cast({} as boolean)", text),
        ),
    }


MADE = made(3)
TEXTS = st.one_of(st.none(), st.text("a1-. é\n", max_size=5), st.sampled_from(["12", "-0.5", "1e3", "true", "N"]))
WHOLES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
FLOATS = st.one_of(st.none(), st.floats(allow_nan=False), st.sampled_from([0.0, -0.0, 1.0]))
ROWS = st.fixed_dictionaries(
    {
        "t": TEXTS,
        "u": TEXTS,
        "i": WHOLES,
        "j": WHOLES,
        "d": FLOATS,
        "e": FLOATS,
        "b": st.booleans() | st.none(),
        "c": st.booleans() | st.none(),
    }
)


@settings(max_examples=150)
@given(sql=st.one_of(*MADE.values()), rows=st.lists(ROWS, min_size=1, max_size=4))
def test_expressions_made_at_random_are_the_same_in_polars_and_duckdb(sql: str, rows: list[dict[str, Any]]) -> None:
    try:
        node = read(sql)
    except ExpressionError:
        assume(False)
    table = frame(rows)
    pairs = list(zip(by_polars(node, table), by_duckdb(node, table), strict=True))
    assert all(same(*pair) for pair in pairs), pairs


@pytest.mark.stack
def test_expressions_made_at_random_are_the_same_on_spark(spark: SparkSession) -> None:
    found: list[tuple[Node, dict[str, Any], str]] = []

    @settings(max_examples=120, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(sql=st.one_of(*MADE.values()), row=ROWS)
    def collect(sql: str, row: dict[str, Any]) -> None:
        with contextlib.suppress(ExpressionError):
            found.append((read(sql), row, sql))

    collect()
    for start in range(0, len(found), 30):
        some = found[start : start + 30]
        table = frame([row for _, row, _ in some])
        sent = spark.createDataFrame(table.to_arrow(compat_level=pl.CompatLevel.oldest()))
        picked = sent.selectExpr("n", *(f"{to_spark(node)} as v{place}" for place, (node, _, _) in enumerate(some)))
        for row in pl.DataFrame(pa.table(picked.toArrow())).iter_rows(named=True):
            node, given_row, sql = some[row["n"]]
            mine = by_polars(node, table[row["n"]])[0]
            assert same(mine, row[f"v{row['n']}"]), (sql, given_row, mine, row[f"v{row['n']}"])
