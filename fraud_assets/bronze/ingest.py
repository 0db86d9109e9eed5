"""Kafka → bronze: every record as it was sent, exactly once, by Spark's structured streaming."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.bronze.offsets import Offsets, checkpoint, committed
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake

POLLED = 2_000
"""Records Spark takes from its Kafka client at a time: Kafka's default of 500 costs a sixth of the ingest's time."""


@dataclass(frozen=True)
class Ingested:
    """What one ingest took: the Kafka offsets before and after it."""

    before: Offsets
    after: Offsets

    @property
    def records(self) -> int:
        """Records taken (offsets passed; a transactional producer's markers count too)."""
        return sum(end - self.before.get(partition, 0) for partition, end in self.after.items())


def ingest(
    spark: SparkSession, source: str, stream: Stream, table: Table, lake: Lake, kafka: str, at_most: int
) -> Ingested:
    """Append every record the topic holds beyond the last committed offsets to the bronze table.

    Runs micro-batches of ``at_most`` records until the topic's end as of now. A run that dies is repeated from
    the checkpoint; Delta's sink recognises a batch it already holds.
    """
    location = checkpoint(table, source, lake)
    before = committed(location)
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", kafka)
        .option("subscribe", stream.topic)
        .option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", at_most)
        .option("kafka.max.poll.records", POLLED)
        .load()
    )
    query = (
        raw(records, source)
        .select(table.column_names)
        .writeStream.format("delta")
        .outputMode("append")
        .option("checkpointLocation", location)
        .trigger(availableNow=True)
        .start(lake.path(table))
    )
    query.awaitTermination()
    return Ingested(before, committed(location))


def raw(records: DataFrame, source: str) -> DataFrame:
    """Kafka's records in bronze's columns, bytes untouched."""
    return records.select(
        F.lit(source).alias("source"),
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_time"),
        "key",
        "value",
        "headers",
        F.current_timestamp().alias("ingested_at"),
    )
