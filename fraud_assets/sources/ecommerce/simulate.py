"""Running the order generator: to a file or to Kafka.

What belongs here: where orders go. These functions print nothing; they return what they wrote or sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.output_file import check
from fraud_assets.sources.ecommerce.orders import LOSABLE, PER_HOUR, orders
from fraud_assets.sources.produce import ensure_topics, producer


@dataclass(frozen=True)
class Made:
    """How many records there are, and how many of them are what they should not be; duplicates count as records."""

    records: int
    frauds: int
    incomplete: int
    duplicates: int


def to_file(count: int, end: datetime, seed: int, path: Path) -> Made:
    """Write orders to a file: JSON lines, CSV or Parquet, by its name."""
    check(path, (".jsonl", ".json", ".csv", ".parquet"))
    made = orders(count, end, seed)
    match path.suffix.lower():
        case ".csv":
            made.write_csv(path)
        case ".parquet":
            made.write_parquet(path)
        case _:
            path.write_bytes(b"\n".join(_lines(made)) + b"\n")
    return _made(made)


def to_kafka(hours: float, end: datetime, seed: int, stream: Stream, servers: str) -> Made:
    """Send the orders of the ``hours`` before ``end``, as fast as Kafka takes them, keyed by customer."""
    made = orders(max(1, round(hours * PER_HOUR)), end, seed)
    ensure_topics(servers, [stream.topic])
    with producer(servers) as out:
        out.send(stream.topic, zip(made[stream.key], _lines(made), strict=True))
    return _made(made)


def _lines(made: pl.DataFrame) -> Iterator[bytes]:
    """Each order as a JSON object; a missing field is absent."""
    whole = made.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    without = whole.str.replace_all(rf'"(?:{"|".join(LOSABLE)})":null,?', "")
    yield from without.cast(pl.Binary)


def _made(made: pl.DataFrame) -> Made:
    lacking = made.select(pl.any_horizontal(pl.all().is_null()).sum()).item()
    duplicates = made.height - made["transaction_id"].n_unique()
    return Made(made.height, int(made["is_fraud"].sum()), int(lacking), duplicates)
