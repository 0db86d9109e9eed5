"""Quarantined records that people have silver read again: the fixes and replays among silver.quarantine_actions.

They reach silver as a further upstream of its step, with the original Kafka coordinates and the value to be read now.
"""

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.lake import cursor, reading
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake
from fraud_assets.silver.outcome import COORDINATES, STREAMS

FIX, REPLAY, DISCARD = "fix", "replay", "discard"
READ_AGAIN = (FIX, REPLAY)
_RECORD = ("source", "topic", "partition", "offset", "kafka_time", "key", "value", "ingested_at", "attempt")


def rows(increment: Increment, stream: str, lake: Lake) -> pl.DataFrame:
    """The stream's records to be read again, in bronze's columns, with the attempt that each reading is.

    Of two attempts at one record the newer counts: the other has long failed. As many as people chose at once, so few
    enough for this process.
    """
    actions = reading.read_in_process(increment, lake, [*_RECORD, "stream", "action"])
    asked = actions.filter(pl.col("stream") == stream, pl.col("action").is_in(READ_AGAIN))
    return asked.sort("attempt").unique(COORDINATES, keep="last").select(_RECORD)


def waiting(source: str, lake: Lake) -> int:
    """Records of the source that people chose and silver has yet to read again."""
    return sum(
        rows(increment, stream, lake).height
        for stream, (_, target) in STREAMS.items()
        if (increment := cursor.pending(silver.QUARANTINE_ACTIONS, target, source, lake, stream))
    )
