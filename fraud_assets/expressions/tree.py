"""The checked tree of an expression: columns, constants and calls, each with its type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Type = Literal["string", "bigint", "double", "boolean", "timestamp", "null"]
"""``null`` is the type of the constant null alone, and fits every other type."""


@dataclass(frozen=True)
class Column:
    """A column or field of the row."""

    name: str
    type: Type


@dataclass(frozen=True)
class Constant:
    """A value written in the expression; times are in UTC."""

    value: str | int | float | bool | datetime | None
    type: Type


@dataclass(frozen=True)
class Call:
    """An operator or function of the table in ``functions.py`` over its arguments."""

    function: str
    arguments: tuple["Node", ...]
    type: Type


Node = Column | Constant | Call


def columns(node: Node) -> frozenset[str]:
    """The columns that the expression reads."""
    return frozenset(_columns(node))


def renamed(node: Node, names: Mapping[str, str]) -> Node:
    """The expression over columns of other names; those that ``names`` lacks keep theirs."""
    if isinstance(node, Column):
        return replace(node, name=names.get(node.name, node.name))
    if isinstance(node, Call):
        return replace(node, arguments=tuple(renamed(argument, names) for argument in node.arguments))
    return node


def _columns(node: Node) -> Iterator[str]:
    if isinstance(node, Column):
        yield node.name
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from _columns(argument)
