"""What a stream's texts say, as checked trees: the columns that its records fill, and the conditions they must keep."""

from collections.abc import Iterator
from typing import cast

from fraud_assets.declarations.sources.stream import IS_FRAUD, Place, Stream
from fraud_assets.declarations.tables.schema import Column, Table
from fraud_assets.expressions import Column as Field
from fraud_assets.expressions import ExpressionError, Node, Type, condition, expression

_FITTING: dict[str, tuple[Type, ...]] = {
    "string": ("string", "bigint", "boolean", "null"),
    "double": ("string", "bigint", "double", "null"),
    "boolean": ("string", "boolean", "null"),
    "timestamp": ("string", "bigint", "double", "null"),
}
"""For each type of a column, the types of the expressions that may fill it."""
_OF_KAFKA: dict[str, Type] = {"kafka_time": "timestamp", "ingested_at": "timestamp"}


def signal(field: str) -> str:
    """The name of a signal's number before all of them become one column."""
    return f"signal {field}"


def mapped(stream: Stream, table: Table) -> dict[Column, Node]:
    """The columns that the stream's records fill, each signal among them, with the expression over the fields."""
    found = {column: _expression(stream, sql) for column, sql in _given(stream, table)}
    return found | {Column(signal(field), "double", ""): Field(field, "string") for field in stream.signals}


def conditions(stream: Stream, table: Table) -> dict[str, Node]:
    """Checks and rules alike: by the reason reported, the condition over the columns that must hold."""
    types = _column_types(stream, table)
    return {reason: condition(sql, types) for _, reason, sql in _conditions(stream, table)}


def constraints(stream: Stream, table: Table) -> dict[str, Node]:
    """The table's own constraints: by the reason reported, the condition that must hold."""
    types = _column_types(stream, table)
    return {name.replace("_", " "): condition(sql, types) for name, sql in table.constraints}


def wrong_expressions(stream: Stream, table: Table) -> Iterator[tuple[Place, str]]:
    """What is wrong with the stream's expressions, and where they stand."""
    for column, sql in _given(stream, table):
        try:
            given = _expression(stream, sql)
        except ExpressionError as error:
            yield ("columns", column.name), str(error)
            continue
        if given.type not in _FITTING[column.type]:
            yield ("columns", column.name), _unfit(column, given)
    types = _column_types(stream, table)
    for place, _, sql in _conditions(stream, table):
        try:
            condition(sql, types)
        except ExpressionError as error:
            yield place, str(error)


def _given(stream: Stream, table: Table) -> list[tuple[Column, str]]:
    """The columns that the stream fills by an expression, the embedded label among them."""
    known = [column for column in table.columns if column.type in _FITTING and column.name in stream.columns]
    columns = [(column, stream.columns[column.name]) for column in known]
    if IS_FRAUD.name in stream.columns and IS_FRAUD.name not in table.column_names:
        columns.append((IS_FRAUD, stream.columns[IS_FRAUD.name]))
    return columns


def _expression(stream: Stream, sql: str) -> Node:
    return expression(sql, dict.fromkeys(stream.known, "string"))


def _column_types(stream: Stream, table: Table) -> dict[str, Type]:
    return {column.name: cast(Type, column.type) for column, _ in _given(stream, table)} | _OF_KAFKA


def _conditions(stream: Stream, table: Table) -> Iterator[tuple[Place, str, str]]:
    """Where each condition stands, the reason reported when it is broken, and the condition."""
    types = _column_types(stream, table)
    for name, check in stream.checks.items():
        for reason, sql in check.conditions(name, types.get(name, "string")):
            yield ("checks", name), reason, sql
    for reason, sql in stream.rules.items():
        yield ("rules", reason), reason, sql


def _unfit(column: Column, given: Node) -> str:
    if column.type == "string" and given.type == "double":
        return "gives a double, which each engine writes otherwise as a text; cast it to bigint"
    return f"gives a {given.type}, and the column is a {column.type}"
