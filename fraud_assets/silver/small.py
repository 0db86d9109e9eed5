"""Bronze → silver for a small increment: Spark parses, this process decides what repeats and commits.

What belongs here: what ``step.py`` has Spark do with tables, for so few rows that planning would be most of the work.
Mapping and rules are the same lines in both.
"""

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from fraud_assets.lake import increments, reads
from fraud_assets.lake.increments import Increment
from fraud_assets.silver.outcome import COORDINATES, Refined
from fraud_assets.silver.parse import parse
from fraud_assets.sources.source import Source
from fraud_assets.sources.stream import IN_LINE, IS_FRAUD, Stream
from fraud_assets.tables import Table, bronze, silver

_RAW = [name for name in bronze.TRANSACTIONS.column_names if name != "headers"]


def refine_small(
    spark: SparkSession, source: Source, stream: str, target: Table, todo: list[Increment], lake: str, outcome: Refined
) -> None:
    """Carry one range of bronze's versions to each of ``todo``'s targets, and add to the outcome what went where."""
    raw = increments.rows(todo[0], lake, _RAW)
    if raw.is_empty():
        for increment in todo:
            increments.skip(increment, lake)
        return
    described: Stream = getattr(source, stream)
    sent = spark.createDataFrame(raw.to_arrow(compat_level=pl.CompatLevel.oldest()))
    parsed = parse(sent, source, described, target).toArrow()
    key = [name for name in target.key if name != "source"]
    records = pl.DataFrame(parsed.select([*key, "kafka_time", *COORDINATES, "reasons"])).with_row_index()
    valid = records.filter(pl.col("reasons").list.len() == 0)
    taken = _taken(source, target, valid.select(key), lake)
    due = todo[0].target is target
    left_out = repeats(valid, taken, key) if due else valid.join(taken, on=COORDINATES, how="anti")
    kept = parsed.take(valid.join(left_out, on="index", how="anti")["index"].to_arrow())
    outcome.read = max(outcome.read, records.height)
    outcome.undeclared = tuple(sorted({*outcome.undeclared, *(_attributes(parsed) - set(described.attributes))}))
    now = datetime.now(UTC)
    for increment in todo:
        if increment.target is target:
            outcome.written = increments.append_here(_with(kept, processed_at=now), increment, lake)
        elif increment.target is silver.LABELS:
            labels = _with(_in_line_labels(kept, source), processed_at=now)
            outcome.labelled = increments.append_here(labels, increment, lake)
        elif increment.target is silver.QUARANTINE:
            bad = parsed.take(records.filter(pl.col("reasons").list.len() > 0)["index"].to_arrow())
            rows = _with(bad, stream=stream, quarantined_at=now)
            outcome.quarantined = increments.append_here(rows, increment, lake)
        else:
            rows = _with(parsed.take(left_out["index"].to_arrow()), stream=stream, found_at=now)
            outcome.duplicates = increments.append_here(rows, increment, lake)


def repeats(valid: pl.DataFrame, taken: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The records whose key silver has, or a record that came earlier in Kafka."""
    first = valid.sort("kafka_time", *COORDINATES).unique(key, keep="first", maintain_order=True)
    return valid.join(first.join(taken, on=key, how="anti"), on="index", how="anti")


def _taken(source: Source, target: Table, keys: pl.DataFrame, lake: str) -> pl.DataFrame:
    """What silver holds of the source between the least and the greatest of the keys; other files are not read."""
    held = reads.scan(target, lake)
    assert held is not None
    bounds = {name: (pl.lit(keys[name].min()), pl.lit(keys[name].max())) for name in keys.columns}
    within = [pl.col(name).is_between(least, greatest) for name, (least, greatest) in bounds.items()]
    return held.filter(pl.col("source") == source.name, *within).select(*keys.columns, *COORDINATES).collect()


def _in_line_labels(kept: pa.Table, source: Source) -> pa.Table:
    """The labels that payments brought with them, known after the source's label delay."""
    told = kept.filter(pc.is_valid(kept[IS_FRAUD.name]))
    known = pc.add(told["event_time"], pa.scalar(source.label_delay, pa.duration("us")))
    return _with(told, origin=IN_LINE).append_column("known_at", known)


def _attributes(parsed: pa.Table) -> set[str]:
    if "attributes" not in parsed.column_names:
        return set()
    return {name for chunk in parsed["attributes"].chunks for name in chunk.keys.unique().to_pylist()}


def _with(rows: pa.Table, **values: str | datetime) -> pa.Table:
    """The rows with columns of one value each."""
    for name, value in values.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
    return rows
