"""A source's mapping tried on sample records, by the same code that loads the lake's.

What belongs here: finding what maps, what is missing and what fails. Nothing is written.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import Place, Stream
from fraud_assets.declarations.tables import silver
from fraud_assets.logs import quiet_spark
from fraud_assets.silver.parse import parse

_RAW = (
    "source string, topic string, partition int, offset bigint, kafka_time timestamp, key binary, value binary, "
    "ingested_at timestamp"
)


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


def unresolved(spark: SparkSession, stream: Stream) -> Iterator[tuple[Place, str]]:
    """The expressions and rules that Spark cannot make sense of, and what it says; its log does not say it again."""
    quiet_spark()
    fields = spark.createDataFrame([], ", ".join(f"`{name}` string" for name in stream.known))
    typed = {column.name: column.type for column in silver.TRANSACTIONS.columns} | {"is_fraud": "boolean"}
    canonical = spark.createDataFrame([], ", ".join(f"`{name}` {type_}" for name, type_ in typed.items()))
    for part, over, expressions in (("columns", fields, stream.columns), ("rules", canonical, stream.rules)):
        for name, expression in expressions.items():
            try:
                _ = over.selectExpr(expression).schema
            except (AnalysisException, ParseException) as error:
                yield (part, name), str(error).splitlines()[0].split(" SQLSTATE: ")[0].rstrip(".")


def tried(spark: SparkSession, source: Source, values: list[bytes]) -> Trial:
    """The source's mapping and rules applied to records of its topic of transactions."""
    stream, now = source.transactions, datetime.now(UTC)
    sent = [(source.name, stream.topic, 0, offset, now, None, value, now) for offset, value in enumerate(values)]
    found = parse(spark.createDataFrame(sent, _RAW), source, stream, silver.TRANSACTIONS)
    shown = [column for column in found.columns if column not in {"signals", "attributes"}]
    rows = pl.DataFrame(pa.table(found.select(shown).toArrow())).sort("offset")
    mapped = [name for name in stream.columns if name in rows.columns]
    reasons, failing = Counter[str](), dict[str, str]()
    for offset, broken in rows.select("offset", "reasons").iter_rows():
        for reason in broken:
            reasons[reason] += 1
            failing.setdefault(reason, values[offset].decode("utf-8", "replace"))
    return Trial(
        records=rows.height,
        trusted=rows.filter(pl.col("reasons").list.len() == 0).height,
        filled={name: rows[name].count() for name in mapped},
        examples={name: str(next(iter(rows[name].drop_nulls()), "")) for name in mapped},
        reasons=reasons,
        failing=failing,
    )
