"""Quarantined records that people fixed or replayed, which silver's step reads again.

silver.quarantine_actions is a second upstream of that step; its rows have the record's original Kafka coordinates and
the value to read now.
"""

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.lake import cursor, reading
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.silver.streams import COORDINATES, STREAMS

FIX, REPLAY, DISCARD = "fix", "replay", "discard"
READ_AGAIN = (FIX, REPLAY)
_RECORD = ("source", "topic", "partition", "offset", "kafka_time", "key", "value", "ingested_at", "attempt")


def records(increment: Increment, stream: str, lake: Lake) -> pl.DataFrame:
    """The stream's records to read again, in bronze's columns, with the number of the attempt.

    Of two attempts at one record the newer counts: the older has failed. People choose few at once, so they are read
    in this process.
    """
    actions = reading.read_in_process(increment, lake, [*_RECORD, "stream", "action"])
    asked = actions.filter(pl.col("stream") == stream, pl.col("action").is_in(READ_AGAIN))
    return asked.sort("attempt").unique(COORDINATES, keep="last").select(_RECORD)


def waiting(source: str, lake: Lake) -> int:
    """Records of the source that silver has yet to read again."""
    return sum(
        records(increment, stream, lake).height
        for stream, (_, target) in STREAMS.items()
        if (increment := cursor.pending(silver.QUARANTINE_ACTIONS, target, source, lake, stream))
    )
