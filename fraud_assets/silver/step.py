"""Bronze → silver: what can be trusted once, what repeats, what is quarantined; each record in exactly one.

Spark parses the records; what repeats is decided, and all of it is committed, in this process (decision 0010).
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.sources.stream import EMBEDDED, IS_FRAUD, Stream
from fraud_assets.declarations.tables import Table, bronze, silver
from fraud_assets.lake import cursor, reading, reads, writing
from fraud_assets.lake.cursor import IN_PROCESS_ROWS, Increment
from fraud_assets.lake.location import Lake
from fraud_assets.silver import corrections, replays
from fraud_assets.silver.in_line import in_line_labels
from fraud_assets.silver.outcome import COORDINATES, STREAMS, Refined
from fraud_assets.silver.parse import parse
from fraud_assets.silver.repeats import conflict, content, differing, key, repeats

PORTION = 1_000_000
"""Records that are parsed, decided and committed at once, unless one version of bronze holds more."""
COMPARED = 100_000
"""Repeated records that are compared with the first of their key at once."""

_RAW = [name for name in bronze.TRANSACTIONS.column_names if name != "headers"]
_OF_A_LABEL = ["transaction_id", "event_time", "changed_at", "began", "kafka_time", "ingested_at"]
_NO_REPEATS = pl.DataFrame(schema={"index": pl.UInt32, "differs": pl.List(pl.String)})

Raw = Iterable[pl.DataFrame]
"""The records as they were sent, some at a time, read only if some of them are put aside."""


def refine(spark: SparkSession, source: Source, stream: str, lake: Lake) -> Refined:
    """Carry what bronze gained into silver, ``stream`` being transactions or labels, then what is to be read again.

    Silver, quarantine and duplicates each keep their own position; a run that died between them is completed by
    the next, which then reads a range for each. Silver goes first: duplicates are what it did not take.
    """
    upstream, target = STREAMS[stream]
    described: Stream = getattr(source, stream)
    in_line = (silver.LABELS,) if target is silver.TRANSACTIONS and IS_FRAUD.name in described.columns else ()
    corrected = (silver.CORRECTIONS,) if corrections.taken_from(described, target) else ()
    targets = (target, *in_line, *corrected, silver.QUARANTINE, silver.DUPLICATES)
    todo = cursor.pending_by_target(upstream, targets, source.name, lake)
    outcome = Refined(versions=todo[0].range if todo else "nothing new")
    for same in _by_range(todo):
        read = 0
        for portion in cursor.split(same, PORTION, lake):
            sent, raw = _sent(spark, portion[0], lake)
            read += _carry(spark, source, stream, sent, raw, portion, lake, outcome)
        outcome.read = max(outcome.read, read)
    for same in _by_range(cursor.pending_by_target(silver.QUARANTINE_ACTIONS, targets, source.name, lake, stream)):
        again = replays.rows(same[0], stream, lake)
        read = _carry(spark, source, stream, again, [again], same, lake, outcome)
        outcome.replayed = max(outcome.replayed, read)
    if corrected:
        outcome.corrected = corrections.apply(spark, source, lake)
    return outcome


def _by_range(todo: list[Increment]) -> list[list[Increment]]:
    """Increments of one upstream, those that begin at the same version together."""
    starts = dict.fromkeys(increment.first for increment in todo)
    return [[increment for increment in todo if increment.first == first] for first in starts]


def _sent(spark: SparkSession, increment: Increment, lake: Lake) -> tuple[DataFrame | pl.DataFrame, Raw]:
    """The records that bronze gained, each read for the first time; read in this process if they are few."""
    first = pl.lit(0, pl.Int32).alias("attempt")
    if cursor.size(increment, lake) <= IN_PROCESS_ROWS:
        few = reading.read_in_process(increment, lake, _RAW).with_columns(first)
        return few, [few]
    many = reading.read_spark(spark, increment, lake).select(_RAW)
    return many, (batch.with_columns(first) for batch in reading.read_batches(increment, lake, _RAW))


def _carry(
    spark: SparkSession,
    source: Source,
    stream: str,
    sent: DataFrame | pl.DataFrame,
    raw: Raw,
    todo: list[Increment],
    lake: Lake,
    outcome: Refined,
) -> int:
    """Carry one range of an upstream into the increments' targets; returns the records read."""
    if isinstance(sent, pl.DataFrame):
        if sent.is_empty():
            for increment in todo:
                writing.skip(increment, lake)
            return 0
        sent = spark.createDataFrame(sent.to_arrow(compat_level=pl.CompatLevel.oldest()))
    target = STREAMS[stream][1]
    described: Stream = getattr(source, stream)
    parsed = parse(sent, source, described, target).toArrow()
    records = pl.DataFrame(parsed.select([*key(target), "kafka_time", *COORDINATES, "reasons"])).with_row_index()
    valid = records.filter(pl.col("reasons").list.len() == 0)
    taken = _taken(source, target, valid, lake)
    due = todo[0].target is target
    left_out = repeats(valid, taken, key(target)) if due else valid.join(taken, on=COORDINATES, how="anti")
    first = valid.join(left_out, on="index", how="anti")
    kept = _rows(parsed, first["index"])
    differs = _compared(source, target, parsed, left_out, first if due else first.clear(), lake)
    alike = differs.filter(pl.col("differs").list.len() == 0)["index"]
    other = differs.filter(pl.col("differs").list.len() > 0)
    corrected = corrections.taken_from(described, target)
    bad = records.filter(pl.col("reasons").list.len() > 0).select(*COORDINATES, "reasons")
    if not corrected:
        bad = pl.concat([bad, _conflicts(records, other, target)])
    outcome.undeclared = tuple(sorted({*outcome.undeclared, *(_attributes(parsed) - set(described.attributes))}))
    now = datetime.now(UTC)
    for increment in todo:
        if increment.target is target:
            rows = _with(kept, source=source.name, processed_at=now)
            outcome.written += writing.append_in_process(rows, increment, lake)
        elif increment.target is silver.LABELS:
            later = _rows(parsed, left_out["index"])
            told = _with(_in_line(kept, later, source, lake), source=source.name, origin=EMBEDDED, processed_at=now)
            outcome.labelled += writing.append_in_process(told, increment, lake)
        elif increment.target is silver.QUARANTINE:
            outcome.quarantined += _put_aside(bad, raw, stream, increment, lake)
        elif increment.target is silver.CORRECTIONS:
            rows = _with(_rows(parsed, other["index"]), source=source.name, found_at=now)
            outcome.corrections += writing.append_in_process(rows, increment, lake)
        else:
            rows = _with(_rows(parsed, alike), source=source.name, stream=stream, found_at=now)
            outcome.duplicates += writing.append_in_process(rows, increment, lake)
    return records.height


def _taken(source: Source, target: Table, valid: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """Key and coordinates of what silver holds of the source under one of the keys."""
    columns = [*key(target), *COORDINATES]
    return _held(source, target, valid, lake).select(columns).collect(engine="streaming")


def _held(source: Source, target: Table, records: pl.DataFrame, lake: Lake) -> pl.LazyFrame:
    """What silver holds of the source under one of the records' keys; files beyond these are not read."""
    held, keys = reads.scan(target, lake), records.select(key(target))
    assert held is not None
    within = [pl.col(name).is_between(pl.lit(keys[name].min()), pl.lit(keys[name].max())) for name in keys.columns]
    mine = held.filter(pl.col("source") == source.name, *within)
    return mine.join(keys.lazy(), on=keys.columns, how="semi")


def _compared(
    source: Source, target: Table, parsed: pa.Table, left_out: pl.DataFrame, added: pl.DataFrame, lake: Lake
) -> pl.DataFrame:
    """What the records left out hold other than the first of their key: silver's row, or one to be ``added`` now."""
    columns = [*key(target), *(column.name for column in content(target))]
    found = [_NO_REPEATS]
    for some in left_out.sort(key(target)).iter_slices(COMPARED):
        held = _held(source, target, some, lake).select(columns).collect(engine="streaming")
        new = added.join(some, on=key(target), how="semi")["index"]
        first = pl.concat([held, _shaped(_rows(parsed, new), held.schema)])
        later = _shaped(_rows(parsed, some["index"]), held.schema).with_columns(some["index"].sort())
        found.append(differing(later, first, target))
    return pl.concat(found)


def _shaped(rows: pa.Table, schema: pl.Schema) -> pl.DataFrame:
    """The rows in silver's columns; those that the stream's records do not fill are null."""
    given = pl.DataFrame(rows.select([name for name in schema if name in rows.column_names]))
    absent = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in given.columns]
    return given.with_columns(absent).select(schema.names())


def _conflicts(records: pl.DataFrame, other: pl.DataFrame, target: Table) -> pl.DataFrame:
    """Where the records stood that contradict the first of their key, with the one reason."""
    reason = pl.lit(conflict(target, "")) + pl.col("differs").list.join(", ")
    return records.join(other, on="index").select(*COORDINATES, pl.concat_list(reason).alias("reasons"))


def _put_aside(bad: pl.DataFrame, raw: Raw, stream: str, increment: Increment, lake: Lake) -> int:
    """Append the records that ``bad`` names, as they were sent, to silver.quarantine; returns how many."""
    if bad.is_empty():
        writing.skip(increment, lake)
        return 0
    stamped = {"stream": pl.lit(stream), "quarantined_at": pl.lit(datetime.now(UTC))}
    aside = (batch.join(bad, on=COORDINATES).with_columns(**stamped) for batch in raw)
    return writing.append_batches(aside, increment, lake)


def _in_line(kept: pa.Table, later: pa.Table, source: Source, lake: Lake) -> pa.Table:
    """The labels that payments, and later records of them, brought with them."""
    needed = [*_OF_A_LABEL, *COORDINATES, IS_FRAUD.name]
    first, after = (
        pl.DataFrame(rows.select([name for name in needed if name in rows.column_names])) for rows in (kept, later)
    )
    return in_line_labels(first, after, source, lake).to_arrow(compat_level=pl.CompatLevel.oldest())


def _attributes(parsed: pa.Table) -> set[str]:
    if "attributes" not in parsed.column_names:
        return set()
    return {name for chunk in parsed["attributes"].chunks for name in chunk.keys.unique().to_pylist()}


def _rows(parsed: pa.Table, index: pl.Series) -> pa.Table:
    """The rows with these numbers, in the order of the table."""
    if index.len() == parsed.num_rows:
        return parsed
    wanted = pl.select(pl.int_range(parsed.num_rows, dtype=pl.UInt32).is_in(index.implode())).to_series()
    return parsed.filter(wanted.to_arrow())


def _with(rows: pa.Table, **values: str | datetime) -> pa.Table:
    """The rows with columns of one value each."""
    for name, value in values.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
    return rows
