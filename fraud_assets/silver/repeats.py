"""Which valid records come after another with their key, and what each holds other than that first one.

A record with the first one's content is a duplicate, any other is a conflict, or, of a payment that a database tells, a
correction. Content is what follows from the record itself, not where it stood in Kafka, nor when it was read; when a
database told it is content. Only records whose key repeats are compared.
"""

import polars as pl

from fraud_assets.declarations.tables import Column, Table
from fraud_assets.silver.outcome import COORDINATES

_NO_CONTENT = {"source", *COORDINATES, "kafka_time", "ingested_at", "processed_at", "corrected_at"}
_FIRST = " of the first"


def key(table: Table) -> list[str]:
    """What makes a record one of its source's: the table's key without the source."""
    return [name for name in table.key if name != "source"]


def content(table: Table) -> list[Column]:
    """The silver table's columns in which two records with one key may differ."""
    return [column for column in table.columns if column.name not in {*_NO_CONTENT, *table.key}]


def conflict(table: Table, names: str) -> str:
    """What is said of a record whose key an earlier one has, with another content; ``names``: of the columns."""
    return f"{' and '.join(key(table))} of an earlier record that has another {names}"


def repeats(valid: pl.DataFrame, taken: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The records whose key silver has taken, or a record that came earlier in Kafka.

    ``valid`` has a column ``index``, the record's number, besides its key, ``kafka_time`` and coordinates.
    """
    shared = valid.filter(valid.select(key).is_duplicated())
    first = shared.sort("kafka_time", *COORDINATES).unique(key, keep="first", maintain_order=True)
    later = shared.join(first, on="index", how="anti")
    return pl.concat([later, valid.join(taken, on=key, how="semi")]).unique("index")


def differing(later: pl.DataFrame, first: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The later records' index and ``differs``, the columns in which each is other than the first of its key."""
    both = later.join(first, on=key(table), how="left", suffix=_FIRST)
    pairs = {c.name: [_comparable(c, name) for name in (c.name, c.name + _FIRST)] for c in content(table)}
    other = [pl.when(now.ne_missing(then)).then(pl.lit(name)) for name, (now, then) in pairs.items()]
    return both.select("index", pl.concat_list(other).list.drop_nulls().alias("differs"))


def _comparable(column: Column, name: str) -> pl.Expr:
    """The column as Polars can compare it: maps as their entries in the order of their names."""
    if not column.type.startswith("map"):
        return pl.col(name)
    return pl.col(name).map.entries().list.eval(pl.element().sort_by(pl.element().struct.field("key")))
