"""Bronze rows written by hand, so that a test decides what arrives when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from pyspark.sql import SparkSession

from fraud_assets.lake.location import Lake
from fraud_assets.lake.writing import append
from fraud_assets.silver.streams import STREAMS

SENT = datetime(2026, 3, 1, tzinfo=UTC)
"""Kafka's timestamp of the record at offset 0; each record is a second later than the one before it."""

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source": pl.String,
    "topic": pl.String,
    "partition": pl.Int32,
    "offset": pl.Int64,
    "kafka_time": pl.Datetime("us", "UTC"),
    "key": pl.Binary,
    "value": pl.Binary,
    "headers": pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})),
    "ingested_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class Record:
    """One record as Kafka would hold it, at the offset that is its place in the whole."""

    offset: int
    value: bytes | None


def records(values: Sequence[Any], first: int = 0) -> list[Record]:
    """Values (dictionaries become JSON) at the offsets from ``first`` on."""
    return [
        Record(offset, json.dumps(value).encode() if isinstance(value, dict) else value)
        for offset, value in enumerate(values, first)
    ]


def send(lake: Lake, stream: str, sent: Sequence[Record], source: str = "cards") -> None:
    """Append the records to the stream's bronze table, in one commit."""
    append(STREAMS[stream][0], _rows(stream, sent, source), lake)


def send_by_spark(spark: SparkSession, lake: Lake, stream: str, sent: Sequence[Record], source: str = "cards") -> None:
    """As `send`, by the writer that bronze has: for tests of what it leaves in the log. It takes half a second."""
    made = spark.createDataFrame(_rows(stream, sent, source).to_arrow(compat_level=pl.CompatLevel.oldest()))
    made.write.format("delta").mode("append").save(lake.path(STREAMS[stream][0]))


def _rows(stream: str, sent: Sequence[Record], source: str) -> pl.DataFrame:
    rows = [
        (source, f"{source}-{stream}", r.offset % 2, r.offset, SENT + timedelta(seconds=r.offset), b"k", r.value, None)
        for r in sent
    ]
    return pl.DataFrame([(*row, SENT) for row in rows], schema=_SCHEMA, orient="row")


def payment(number: int, **other: Any) -> dict[str, Any]:
    """A payment's record with nothing wrong; ``other`` replaces or adds fields, None removes one."""
    fields = {
        "transaction_id": f"T{number:05}",
        "event_time": "2026-02-01T12:00:00.000Z",
        "customer_id": f"C{number % 3}",
        "terminal_id": f"M{number % 4}",
        "amount": 10.0 + number,
        "currency": "EUR",
        "channel": "pos",
    }
    return {name: value for name, value in (fields | other).items() if value is not None}


def label(number: int, **other: Any) -> dict[str, Any]:
    """A label's record with nothing wrong; ``other`` as for `payment`."""
    fields = {
        "transaction_id": f"T{number:05}",
        "is_fraud": True,
        "labelled_at": "2026-02-08T12:00:00.000Z",
        "origin": "chargeback",
    }
    return {name: value for name, value in (fields | other).items() if value is not None}


def change(op: str, number: int, at: int, **other: Any) -> dict[str, Any]:
    """A change of a payment as Debezium tells it, ``at`` seconds after the first; ``other`` replaces fields."""
    row = {"id": number, "paid_at": day(number), "customer_id": number % 3, "merchant_id": number % 2,
           "amount": 10.0 + number, "currency": "EUR", "channel": "pos"} | other  # fmt: skip
    before, after = (row if op in "ud" else None), (row if op != "d" else None)
    return {"before": before, "after": after, "op": op, "ts_ms": 1_769_947_200_000 + at * 1000}


def day(number: float) -> int:
    """The moment so many days after December 2025 began, in microseconds since 1970."""
    return int((datetime(2025, 12, 1, tzinfo=UTC) + timedelta(days=number)).timestamp()) * 1_000_000
