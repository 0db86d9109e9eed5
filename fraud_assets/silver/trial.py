"""A source's mapping tried on sample records, by the same lines that the online lane reads them with.

What belongs here: finding what maps, what is missing and what fails. Nothing is written, and no Spark is needed.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import silver
from fraud_assets.silver.records import canonical


@dataclass(frozen=True)
class Trial:
    """What became of sample records: how many filled each mapped column, with an example; which reasons, how often."""

    records: int
    trusted: int
    filled: dict[str, int]
    examples: dict[str, str]
    reasons: Counter[str]
    failing: dict[str, str]
    """The first record that broke each rule."""


def tried(source: Source, values: list[bytes]) -> Trial:
    """The source's mapping and rules applied to records of its topic of transactions."""
    stream, now = source.transactions, datetime.now(UTC)
    raw = pl.DataFrame({"value": values}, schema={"value": pl.Binary}).select(
        "value",
        topic=pl.lit(stream.topic),
        partition=pl.lit(0, pl.Int32),
        offset=pl.int_range(pl.len()),
        kafka_time=pl.lit(now, pl.Datetime("us", "UTC")),
        ingested_at=pl.lit(now, pl.Datetime("us", "UTC")),
    )
    rows = canonical(raw, source, stream, silver.TRANSACTIONS)
    mapped = [name for name in stream.columns if name in rows.columns]
    reasons, failing = Counter[str](), dict[str, str]()
    for value, broken in zip(values, rows["reasons"], strict=True):
        for reason in broken:
            reasons[reason] += 1
            failing.setdefault(reason, value.decode("utf-8", "replace"))
    return Trial(
        records=rows.height,
        trusted=rows.filter(pl.col("reasons").list.len() == 0).height,
        filled={name: rows[name].count() for name in mapped},
        examples={name: str(next(iter(rows[name].drop_nulls()), "")) for name in mapped},
        reasons=reasons,
        failing=failing,
    )
