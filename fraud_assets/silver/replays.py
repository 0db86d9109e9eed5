"""Quarantined records that people have silver read again: the fixes and replays among silver.quarantine_actions.

They reach silver as a further upstream of its step, with the original Kafka coordinates and the value to be read now.
"""

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from fraud_assets.lake import increments
from fraud_assets.lake.increments import Increment

FIX, REPLAY, DISCARD = "fix", "replay", "discard"
READ_AGAIN = (FIX, REPLAY)
_RECORD = ("source", "topic", "partition", "offset", "kafka_time", "key", "value", "ingested_at", "attempt")


def due(increment: Increment, stream: str, lake: str) -> bool:
    """Whether the increment of silver.quarantine_actions holds records of the stream to be read again."""
    actions = increments.rows(increment, lake, ["stream", "action"])
    return not actions.filter(pl.col("stream") == stream, pl.col("action").is_in(READ_AGAIN)).is_empty()


def read(spark: SparkSession, increment: Increment, stream: str, lake: str) -> DataFrame:
    """The stream's records to be read again, in bronze's columns, with the attempt that each reading is.

    Of two attempts at one record the newer counts: the other has long failed.
    """
    actions = increments.read(spark, increment, lake)
    asked = actions.where((F.col("stream") == stream) & F.col("action").isin(*READ_AGAIN))
    newest = Window.partitionBy("topic", "partition", "offset").orderBy(F.desc("attempt"))
    return asked.withColumn("_rank", F.row_number().over(newest)).where("_rank = 1").select(*_RECORD)
