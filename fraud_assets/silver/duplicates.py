"""Which valid records have an existing key, and in which columns each differs from the first record of that key.

A record with the content of the first is a duplicate; any other is a conflict or, in a database's change feed, a
correction. Content is what follows from the record itself, not its place in Kafka nor when it was read; the time at
which a database made a change is content. Only records with an existing key are compared.
"""

import polars as pl

from fraud_assets.declarations.tables import Column, Table
from fraud_assets.declarations.tables.schema import Filled
from fraud_assets.silver.streams import COORDINATES, key

_FIRST = " of the first"


def content(table: Table) -> list[Column]:
    """The silver table's columns in which two records with one key may differ."""
    filled = [column for column in table.columns if column.filled is not Filled.LAKE]
    return [column for column in filled if column.name not in table.key]


def conflict(table: Table, names: str) -> str:
    """The reason for which a record with an existing key and other content, in the columns named, is quarantined."""
    return f"{' and '.join(key(table))} of an earlier record that has another {names}"


def with_existing_key(valid: pl.DataFrame, existing: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The records whose key is among the ``existing`` ones, or is that of a record earlier in Kafka.

    ``valid`` has a column ``index``, the record's number, besides its key, ``kafka_time`` and coordinates.
    """
    shared = valid.filter(valid.select(key).is_duplicated())
    first = shared.sort("kafka_time", *COORDINATES).unique(key, keep="first", maintain_order=True)
    later = shared.join(first, on="index", how="anti")
    return pl.concat([later, valid.join(existing, on=key, how="semi")]).unique("index")


def differences(later: pl.DataFrame, first: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The later records' index and ``differs``: the columns in which each differs from the first of its key."""
    both = later.join(first, on=key(table), how="left", suffix=_FIRST)
    pairs = {c.name: [_comparable(c, name) for name in (c.name, c.name + _FIRST)] for c in content(table)}
    other = [pl.when(now.ne_missing(then)).then(pl.lit(name)) for name, (now, then) in pairs.items()]
    return both.select("index", pl.concat_list(other).list.drop_nulls().alias("differs"))


def _comparable(column: Column, name: str) -> pl.Expr:
    """The column as Polars can compare it: maps as their entries in the order of their names."""
    if not column.type.startswith("map"):
        return pl.col(name)
    return pl.col(name).map.entries().list.eval(pl.element().sort_by(pl.element().struct.field("key")))
