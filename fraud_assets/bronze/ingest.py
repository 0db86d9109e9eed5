"""Kafka → bronze: every record as it was sent, exactly once, by Spark's structured streaming."""

import json

from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from fraud_assets.bronze import offsets
from fraud_assets.bronze.offsets import Offsets
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult

POLLED = 2_000
"""Records Spark takes from its Kafka client at a time: Kafka's default of 500 costs a sixth of the ingest's time."""


def ingest(
    spark: SparkSession, source: str, stream: Stream, table: Table, lake: Lake, kafka: str, at_most: int
) -> StepResult:
    """Append every record that the topic holds beyond the committed offsets to the bronze table.

    Runs micro-batches of ``at_most`` records until the topic's end as of now. A run that dies is repeated from Spark's
    checkpoint, and Delta's sink recognises a batch that it already holds. The offsets reached are then recorded in the
    table's log, for all who ask how far bronze has read; notes: ``offsets_before`` and ``offsets_after``.
    """
    log = lake.log(table)
    before = offsets.committed(log, source, stream.topic)
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
        .option("checkpointLocation", f"{lake.path(table)}/_checkpoints/{source}")
        .trigger(availableNow=True)
        .start(lake.path(table))
    )
    query.awaitTermination()
    after = _reached(query, stream.topic) or before
    offsets.commit(lake.log(table), source, stream.topic, after)
    result = StepResult(f"{stream.topic}@{after}", notes={"offsets_before": before, "offsets_after": after})
    result.written[table] = _appended(query, lake.log(table), log.version())
    return result


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


def _reached(query: StreamingQuery, topic: str) -> Offsets:
    """The offsets up to which the query has committed, from what Spark reports of it; a run without records too."""
    progress = query.lastProgress
    end = json.loads(progress["sources"][0]["endOffset"] or "{}") if progress else {}
    return {int(partition): offset for partition, offset in (end.get(topic) or {}).items()}


def _appended(query: StreamingQuery, log: DeltaTable, since: int) -> int:
    """Rows that the query's commits added after a version of the table."""
    commits = log.history(log.version() - since) if log.version() > since else []
    own = [each for each in commits if each.get("operationParameters", {}).get("queryId") == str(query.id)]
    return sum(int(each["operationMetrics"]["numOutputRows"]) for each in own)
