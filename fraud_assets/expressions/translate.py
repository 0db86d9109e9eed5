"""A checked tree written for Spark, DuckDB and Polars."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from fraud_assets.expressions.functions import CONSTANTS, FUNCTIONS, NUMBERS, Sql
from fraud_assets.expressions.quoting import duckdb_name, duckdb_text, spark_name, spark_text
from fraud_assets.expressions.tree import Call, Column, Constant, Node

POLARS_TYPES: dict[str, Any] = {
    "string": pl.String, "bigint": pl.Int64, "double": pl.Float64, "boolean": pl.Boolean,
    "timestamp": pl.Datetime("us", "UTC"), "null": pl.Null,
}  # fmt: skip
_DUCKDB = {"string": "varchar", "timestamp": "timestamp"}


def to_spark(node: Node) -> str:
    """The expression in Spark SQL; a timestamp is one of a session in UTC."""
    if isinstance(node, Column):
        return spark_name(node.name)
    if isinstance(node, Constant):
        return _spark_constant(node)
    return _called(node, FUNCTIONS[node.function].spark, to_spark)


def to_duckdb(node: Node) -> str:
    """The expression in DuckDB's SQL; a timestamp is one without a zone, in UTC."""
    if isinstance(node, Column):
        return duckdb_name(node.name)
    if isinstance(node, Constant):
        return _duckdb_constant(node)
    function = FUNCTIONS[node.function]
    return _called(node, function.duckdb or function.spark, to_duckdb)


def to_polars(node: Node) -> pl.Expr:
    """The expression in Polars; a timestamp is in microseconds and UTC."""
    if isinstance(node, Column):
        return pl.col(node.name)
    if isinstance(node, Constant):
        return pl.lit(node.value, POLARS_TYPES[node.type])
    function = FUNCTIONS[node.function]
    kinds = function.kinds(len(node.arguments))
    arguments = [
        argument.value if kind in CONSTANTS and isinstance(argument, Constant) else to_polars(argument)
        for argument, kind in zip(node.arguments, kinds, strict=True)
    ]
    return function.polars(*arguments)


def _called(node: Call, spelling: Sql, translate: Callable[[Node], str]) -> str:
    kinds = FUNCTIONS[node.function].kinds(len(node.arguments))
    texts = [
        str(argument.value) if kind in NUMBERS and isinstance(argument, Constant) else translate(argument)
        for argument, kind in zip(node.arguments, kinds, strict=True)
    ]
    if callable(spelling):
        return spelling(texts, node.arguments)
    parts = {str(place): text for place, text in enumerate(texts)} | {"all": ", ".join(texts)}
    return _filled(spelling, parts)


def _filled(template: str, parts: dict[str, str]) -> str:
    """The template with {0}, {1} and {all} replaced; other braces are its own."""
    return re.sub(r"\{(\d+|all)\}", lambda found: parts[found[1]], template)


def _spark_constant(node: Constant) -> str:
    value = node.value
    if value is None:
        return "null" if node.type == "null" else f"cast(null as {node.type})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"double('{value!r}')"
    if isinstance(value, int):
        return f"{value}L"
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S.%f}+00:00'"
    return spark_text(value)


def _duckdb_constant(node: Constant) -> str:
    value = node.value
    if value is None:
        return "null" if node.type == "null" else f"cast(null as {_DUCKDB.get(node.type, node.type)})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"'{value!r}'::double"
    if isinstance(value, int):
        return f"{value}::bigint"
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S.%f}'"
    return duckdb_text(value)
