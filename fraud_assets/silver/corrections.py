"""A database's later changes of payments: kept in silver.corrections and applied to the rows of silver.transactions.

The first record of a payment that arrives becomes its row; records with other content are corrections. The row ends
with the content of the newest change, by the database's clock, then by Kafka's, whatever the order of arrival. A
deleted payment keeps its row, with the time of the deletion. The row keeps the coordinates of its first record.
"""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import cursor, reading, writing
from fraud_assets.lake.location import Lake
from fraud_assets.silver.duplicates import content
from fraud_assets.silver.streams import COORDINATES

_CONTENT = [column.name for column in content(silver.TRANSACTIONS)]
_ORDER = ["changed_at", "kafka_time", *COORDINATES]


def apply_to(stream: Stream, table: Table) -> bool:
    """Whether a later record with an existing key is a correction, as in a database's change feed, or a conflict."""
    return stream.format == "debezium" and table is silver.TRANSACTIONS


def apply(spark: SparkSession, source: Source, lake: Lake) -> int:
    """Apply the corrections that silver.corrections gained to older rows; returns how many rows changed."""
    increment = cursor.pending(silver.CORRECTIONS, silver.TRANSACTIONS, source.name, lake)
    if increment is None:
        return 0
    if cursor.size(increment, lake) == 0:
        writing.skip(increment, lake)
        return 0
    every = spark.read.format("delta").option("versionAsOf", increment.last).load(lake.path(silver.CORRECTIONS))
    gained = reading.read_spark(spark, increment, lake)
    changes = every.where(F.col("source") == source.name).join(gained, "transaction_id", "left_semi")
    existing = spark.read.format("delta").load(lake.path(silver.TRANSACTIONS)).where(F.col("source") == source.name)
    rows = corrected(existing, newest(changes).join(gained, COORDINATES, "left_semi"))
    return writing.merge_spark(spark, rows, increment, lake)


def newest(changes: DataFrame) -> DataFrame:
    """The newest change of each payment."""
    order = Window.partitionBy("transaction_id").orderBy(*(F.desc(name) for name in _ORDER))
    return changes.withColumn("_rank", F.row_number().over(order)).where("_rank = 1").drop("_rank")


def corrected(existing: DataFrame, changes: DataFrame) -> DataFrame:
    """The rows of silver.transactions that the newest change of their payment changes, as they then are.

    A row that was corrected before has the content of an older change; any other, that of its first record.
    """
    now = changes.select("transaction_id", *(F.col(name).alias(f"_{name}") for name in {*_CONTENT, *_ORDER}))
    first = F.struct(F.coalesce("changed_at", "kafka_time").alias("changed_at"), *_ORDER[1:])
    last = F.struct(*(F.col(f"_{name}").alias(name) for name in _ORDER))
    later = F.col("corrected_at").isNotNull() | (last > first)
    values = {name: F.col(f"_{name}") for name in _CONTENT} | {"corrected_at": F.current_timestamp()}
    return (
        existing.join(now, "transaction_id").where(later).withColumns(values).select(silver.TRANSACTIONS.column_names)
    )
