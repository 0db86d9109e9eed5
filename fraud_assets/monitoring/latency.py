"""How long payments take from Kafka to each stage, as percentiles.

What belongs here: which pair of times measures a stage, and the percentiles. Reading tables and drawing are not.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from fraud_assets.declarations.tables import Table, gold, silver

PERCENTILES = (0.50, 0.95, 0.99)


@dataclass(frozen=True)
class Stage:
    """A stage, the table it writes and the column with the time it wrote a row at."""

    name: str
    table: Table
    written: str


STAGES = (
    Stage("silver", silver.TRANSACTIONS, "processed_at"),
    Stage("features", gold.FEATURES, "computed_at"),
    Stage("decision", gold.SCORES, "decided_at"),
)


@dataclass(frozen=True)
class Latency:
    """Seconds from Kafka's timestamp to the stage's, over ``rows`` rows."""

    rows: int
    p50: float
    p95: float
    p99: float


def latency(rows: pl.LazyFrame, written: str, since: datetime | None = None) -> Latency | None:
    """Percentiles of ``written`` minus ``kafka_time`` over the rows written after ``since`` (UTC); None without any.

    Each percentile is the smallest delay that at least that share of the rows did not exceed.
    """
    if since is not None:
        rows = rows.filter(pl.col(written) > since)
    seconds = (pl.col(written) - pl.col("kafka_time")).dt.total_microseconds() / 1e6
    percentiles = (pl.col("s").quantile(p, interpolation="higher").alias(str(p)) for p in PERCENTILES)
    known = rows.select(seconds.alias("s")).drop_nulls()
    counted, *found = known.select(pl.len(), *percentiles).collect().row(0)
    return Latency(counted, *found) if counted else None
