"""A database's later changes of payments: kept in silver.corrections, and the newest of each payment put over its row.

The first record of a payment that arrives, whatever it tells, becomes its row; all that tell something else are
corrections. A row says in the end what the newest of them tells by the database's clock, then by Kafka's, in whatever
order they came; a delete stays as a row that says when. The row keeps the place in Kafka of the record that made it.
"""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import cursor, reading, writing
from fraud_assets.lake.location import Lake
from fraud_assets.silver.outcome import COORDINATES
from fraud_assets.silver.repeats import content

_CONTENT = [column.name for column in content(silver.TRANSACTIONS)]
_ORDER = ["changed_at", "kafka_time", *COORDINATES]


def taken_from(stream: Stream, table: Table) -> bool:
    """Whether a later record of a known key corrects it, as a database's do; elsewhere it is a conflict."""
    return stream.format == "debezium" and table is silver.TRANSACTIONS


def apply(spark: SparkSession, source: Source, lake: Lake) -> int:
    """Put what silver.corrections gained over the rows it is newer than; returns how many rows changed."""
    increment = cursor.pending(silver.CORRECTIONS, silver.TRANSACTIONS, source.name, lake)
    if increment is None:
        return 0
    if cursor.size(increment, lake) == 0:
        writing.skip(increment, lake)
        return 0
    every = spark.read.format("delta").option("versionAsOf", increment.last).load(lake.path(silver.CORRECTIONS))
    gained = reading.read_spark(spark, increment, lake)
    told = every.where(F.col("source") == source.name).join(gained, "transaction_id", "left_semi")
    held = spark.read.format("delta").load(lake.path(silver.TRANSACTIONS)).where(F.col("source") == source.name)
    rows = over(held, newest(told).join(gained, COORDINATES, "left_semi"))
    return writing.merge_spark(spark, rows, increment, lake)


def newest(told: DataFrame) -> DataFrame:
    """Of each payment's corrections the one told last."""
    order = Window.partitionBy("transaction_id").orderBy(*(F.desc(name) for name in _ORDER))
    return told.withColumn("_rank", F.row_number().over(order)).where("_rank = 1").drop("_rank")


def over(held: DataFrame, told: DataFrame) -> DataFrame:
    """The rows of silver.transactions that the newest correction of their payment changes, as they then are.

    A row that was corrected before says what an older correction told; any other, what its own record did.
    """
    now = told.select("transaction_id", *(F.col(name).alias(f"_{name}") for name in {*_CONTENT, *_ORDER}))
    first = F.struct(F.coalesce("changed_at", "kafka_time").alias("changed_at"), *_ORDER[1:])
    last = F.struct(*(F.col(f"_{name}").alias(name) for name in _ORDER))
    later = F.col("corrected_at").isNotNull() | (last > first)
    said = {name: F.col(f"_{name}") for name in _CONTENT} | {"corrected_at": F.current_timestamp()}
    return held.join(now, "transaction_id").where(later).withColumns(said).select(silver.TRANSACTIONS.column_names)
