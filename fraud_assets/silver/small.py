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
from fraud_assets.silver import corrections
from fraud_assets.silver.outcome import COORDINATES, Refined
from fraud_assets.silver.parse import parse
from fraud_assets.silver.repeats import conflict, content, key
from fraud_assets.sources.source import Source
from fraud_assets.sources.stream import IN_LINE, IS_FRAUD, Stream
from fraud_assets.tables import Column, Table, bronze, silver

RAW = [name for name in bronze.TRANSACTIONS.column_names if name != "headers"]
"""What silver reads of a bronze record."""
_FIRST = " of the first"


def refine_small(
    spark: SparkSession,
    source: Source,
    stream: str,
    target: Table,
    raw: pl.DataFrame,
    todo: list[Increment],
    lake: str,
    outcome: Refined,
) -> int:
    """Carry one range of an upstream, read as ``raw``, into the increments' targets; returns the records read."""
    if raw.is_empty():
        for increment in todo:
            increments.skip(increment, lake)
        return 0
    described: Stream = getattr(source, stream)
    sent = spark.createDataFrame(raw.to_arrow(compat_level=pl.CompatLevel.oldest()))
    parsed = parse(sent, source, described, target).toArrow()
    records = pl.DataFrame(parsed.select([*key(target), "kafka_time", *COORDINATES, "reasons"])).with_row_index()
    valid = records.filter(pl.col("reasons").list.len() == 0)
    taken = _taken(source, target, valid, lake)
    due = todo[0].target is target
    left_out = repeats(valid, taken, key(target)) if due else valid.join(taken, on=COORDINATES, how="anti")
    kept = parsed.take(valid.join(left_out, on="index", how="anti")["index"].to_arrow())
    differs = _compared(source, target, parsed, left_out, kept if due else kept.slice(0, 0), lake)
    outcome.undeclared = tuple(sorted({*outcome.undeclared, *(_attributes(parsed) - set(described.attributes))}))
    now, corrected = datetime.now(UTC), corrections.taken_from(described, target)
    for increment in todo:
        if increment.target is target:
            outcome.written += increments.append_here(_with(kept, processed_at=now), increment, lake)
        elif increment.target is silver.LABELS:
            labels = _with(_in_line_labels(kept, source), processed_at=now)
            outcome.labelled += increments.append_here(labels, increment, lake)
        elif increment.target is silver.QUARANTINE:
            bad = records.filter(pl.col("reasons").list.len() > 0).select(*COORDINATES, "reasons")
            if not corrected:
                bad = pl.concat([bad, _conflicts(records, differs, target)])
            aside = raw.join(bad, on=COORDINATES)
            rows = aside.with_columns(stream=pl.lit(stream), quarantined_at=now)
            outcome.quarantined += increments.append_here(rows, increment, lake)
        elif increment.target is silver.CORRECTIONS:
            other = differs.filter(pl.col("differs").list.len() > 0)["index"]
            rows = _with(parsed.take(other.to_arrow()), found_at=now)
            outcome.corrections += increments.append_here(rows, increment, lake)
        else:
            alike = differs.filter(pl.col("differs").list.len() == 0)["index"]
            rows = _with(parsed.take(alike.to_arrow()), stream=stream, found_at=now)
            outcome.duplicates += increments.append_here(rows, increment, lake)
    return raw.height


def repeats(valid: pl.DataFrame, taken: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The records whose key silver has, or a record that came earlier in Kafka."""
    first = valid.sort("kafka_time", *COORDINATES).unique(key, keep="first", maintain_order=True)
    return valid.join(first.join(taken, on=key, how="anti"), on="index", how="anti")


def differing(later: pl.DataFrame, first: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The later records' index and ``differs``, the columns in which each is other than the first of its key."""
    both = later.join(first, on=key(table), how="left", suffix=_FIRST)
    pairs = {c.name: [_comparable(c, name) for name in (c.name, c.name + _FIRST)] for c in content(table)}
    other = [pl.when(now.ne_missing(then)).then(pl.lit(name)) for name, (now, then) in pairs.items()]
    return both.select("index", pl.concat_list(other).list.drop_nulls().alias("differs"))


def _comparable(column: Column, name: str) -> pl.Expr:
    """The column as Polars can compare it: maps as their entries in the order of their names."""
    if not column.type.startswith("map"):
        return pl.col(name)
    return pl.col(name).map.entries().list.eval(pl.element().sort_by(pl.element().struct.field("key")))


def _compared(
    source: Source,
    target: Table,
    parsed: pa.Table,
    left_out: pl.DataFrame,
    added: pa.Table,
    lake: str,
) -> pl.DataFrame:
    """What the records left out hold other than the first of their key: silver's row, or one to be ``added`` now."""
    if left_out.is_empty():
        return pl.DataFrame(schema={"index": pl.UInt32, "differs": pl.List(pl.String)})
    columns = [*key(target), *(column.name for column in content(target))]
    held = _within(source, target, left_out, lake).select(columns)
    first = held.join(left_out.lazy(), on=key(target), how="semi").collect()
    later = _shaped(parsed.take(left_out["index"].to_arrow()), first.schema).with_columns(left_out["index"])
    return differing(later, pl.concat([first, _shaped(added, first.schema)]), target)


def _shaped(rows: pa.Table, schema: pl.Schema) -> pl.DataFrame:
    """The rows in silver's columns; those that the stream's records do not fill are null."""
    given = pl.DataFrame(rows.select([name for name in schema if name in rows.column_names]))
    absent = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in given.columns]
    return given.with_columns(absent).select(schema.names())


def _conflicts(records: pl.DataFrame, differs: pl.DataFrame, target: Table) -> pl.DataFrame:
    """Where the records stood that contradict the first of their key, with the one reason."""
    found = records.join(differs.filter(pl.col("differs").list.len() > 0), on="index")
    reason = pl.lit(conflict(target, "")) + pl.col("differs").list.join(", ")
    return found.select(*COORDINATES, pl.concat_list(reason).alias("reasons"))


def _taken(source: Source, target: Table, valid: pl.DataFrame, lake: str) -> pl.DataFrame:
    """Keys and coordinates of what silver holds of the source between the least and the greatest of the keys."""
    return _within(source, target, valid, lake).select(*key(target), *COORDINATES).collect()


def _within(source: Source, target: Table, keys: pl.DataFrame, lake: str) -> pl.LazyFrame:
    """What silver holds of the source between the least and the greatest of the keys; other files are not read."""
    held = reads.scan(target, lake)
    assert held is not None
    bounds = {name: (pl.lit(keys[name].min()), pl.lit(keys[name].max())) for name in key(target)}
    within = [pl.col(name).is_between(least, greatest) for name, (least, greatest) in bounds.items()]
    return held.filter(pl.col("source") == source.name, *within)


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
