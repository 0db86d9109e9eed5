"""Which valid records come after another with their key, and what each holds other than that first one.

A record with the first one's content is a duplicate, any other is a conflict, or, of a payment that a database tells, a
correction. Content is what follows from the record itself, not where it stood in Kafka, nor when it was read; when a
database told it is content. Only records whose key repeats are compared.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from fraud_assets.silver.outcome import COORDINATES
from fraud_assets.tables import Column as Declared
from fraud_assets.tables import Table

_NO_CONTENT = {"source", *COORDINATES, "kafka_time", "ingested_at", "processed_at", "corrected_at"}


def key(table: Table) -> list[str]:
    """What makes a record one of its source's: the table's key without the source."""
    return [name for name in table.key if name != "source"]


def content(table: Table) -> list[Declared]:
    """The silver table's columns in which two records with one key may differ."""
    return [column for column in table.columns if column.name not in {*_NO_CONTENT, *table.key}]


def conflict(table: Table, names: str) -> str:
    """What is said of a record whose key an earlier one has, with another content; ``names``: of the columns."""
    return f"{' and '.join(key(table))} of an earlier record that has another {names}"


def repeats(valid: DataFrame, taken: DataFrame, key: list[str]) -> DataFrame:
    """The coordinates of records whose key silver has, or a record that came earlier in Kafka.

    Of all records only the keys' hashes are shuffled, to find the few keys that occur more than once.
    """
    keys = valid.select(F.xxhash64(*key).alias("_hash"), *key, "kafka_time", *COORDINATES)
    order = Window.partitionBy(*key).orderBy("kafka_time", *COORDINATES)
    shared = keys.groupBy("_hash").count().where("count > 1").select("_hash")
    later = keys.join(F.broadcast(shared), "_hash").withColumn("_rank", F.row_number().over(order)).where("_rank > 1")
    present = keys.join(taken.select(*key), key, "left_semi")
    return later.select(*COORDINATES).unionByName(present.select(*COORDINATES)).distinct()


def refused(valid: DataFrame, taken: DataFrame) -> DataFrame:
    """The coordinates of records that silver did not take when it took their increment."""
    return valid.select(*COORDINATES).join(taken.select(*COORDINATES), COORDINATES, "left_anti")


def differing(later: DataFrame, first: DataFrame, table: Table) -> DataFrame:
    """The later records' coordinates and ``differs``, the columns in which each is other than the first of its key."""
    columns = content(table)
    held = first.select(*key(table), *(_comparable(column).alias(f"_{column.name}") for column in columns))
    same = [_comparable(column).eqNullSafe(F.col(f"_{column.name}")) for column in columns]
    names = [F.when(~alike, F.lit(column.name)) for alike, column in zip(same, columns, strict=True)]
    return later.join(held, key(table), "left").select(*COORDINATES, F.array_compact(F.array(*names)).alias("differs"))


def _comparable(column: Declared) -> Column:
    """The column as Spark can compare it: maps as their sorted entries."""
    return F.array_sort(F.map_entries(column.name)) if column.type.startswith("map") else F.col(column.name)
