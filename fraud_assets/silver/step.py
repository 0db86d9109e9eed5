"""Bronze → silver: what can be trusted once, what repeats, what is quarantined; each record in exactly one."""

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.lake import increments, reads
from fraud_assets.lake.increments import SMALL, Increment
from fraud_assets.silver import corrections, replays
from fraud_assets.silver.outcome import COORDINATES, STREAMS, Refined
from fraud_assets.silver.parse import parse, unmapped
from fraud_assets.silver.repeats import conflict, content, differing, key, refused, repeats
from fraud_assets.silver.small import RAW, refine_small
from fraud_assets.sources.source import Source
from fraud_assets.sources.stream import IN_LINE, IS_FRAUD, Stream
from fraud_assets.tables import Table, silver

BROADCAST = 1_000_000
"""Records to leave out up to which each worker is given the whole list."""

Reach = dict[str, tuple[str, str]]
"""The least and the greatest value of each column of a key, as texts."""


def refine(spark: SparkSession, source: Source, stream: str, lake: str) -> Refined:
    """Carry what bronze gained into silver, ``stream`` being transactions or labels, then what is to be read again.

    Silver, quarantine and duplicates each keep their own position; a run that died between them is completed by
    the next, which then reads a range for each. Silver goes first: duplicates are what it did not take. Parsed rows
    are kept as a local checkpoint, which Spark, unlike with a cached frame, never analyses again.
    """
    upstream, target = STREAMS[stream]
    described: Stream = getattr(source, stream)
    in_line = (silver.LABELS,) if target is silver.TRANSACTIONS and IS_FRAUD.name in described.columns else ()
    corrected = (silver.CORRECTIONS,) if corrections.taken_from(described, target) else ()
    targets = (target, *in_line, *corrected, silver.QUARANTINE, silver.DUPLICATES)
    todo = increments.pending_of(upstream, targets, source.name, lake)
    outcome = Refined(versions=todo[0].range if todo else "nothing new")
    for same in _by_range(todo):
        raw = _sent(spark, same[0], lake)
        outcome.read = max(outcome.read, _carry(spark, source, stream, raw, same, lake, outcome))
    for same in _by_range(increments.pending_of(silver.QUARANTINE_ACTIONS, targets, source.name, lake, stream)):
        raw = replays.rows(same[0], stream, lake)
        outcome.replayed = max(outcome.replayed, _carry(spark, source, stream, raw, same, lake, outcome))
    if corrected:
        outcome.corrected = corrections.apply(spark, source, lake)
    return outcome


def _by_range(todo: list[Increment]) -> list[list[Increment]]:
    """Increments of one upstream, those that begin at the same version together."""
    starts = dict.fromkeys(increment.first for increment in todo)
    return [[increment for increment in todo if increment.first == first] for first in starts]


def _sent(spark: SparkSession, increment: Increment, lake: str) -> DataFrame | pl.DataFrame:
    """The records that bronze gained, each read for the first time; in this process if they are few."""
    if increments.size(increment, lake) <= SMALL:
        return increments.rows(increment, lake, RAW).with_columns(attempt=pl.lit(0, pl.Int32))
    return increments.read(spark, increment, lake).select(*RAW, F.lit(0).alias("attempt"))


def _carry(
    spark: SparkSession,
    source: Source,
    stream: str,
    raw: DataFrame | pl.DataFrame,
    todo: list[Increment],
    lake: str,
    outcome: Refined,
) -> int:
    """Carry one range of an upstream, read as ``raw``, into the increments' targets; returns the records read.

    Few records are decided and committed in this process, many on Spark.
    """
    target = STREAMS[stream][1]
    if isinstance(raw, DataFrame):
        return _refine_range(spark, source, stream, target, raw, todo, lake, outcome)
    if raw.height > SMALL:
        sent = spark.createDataFrame(raw.to_arrow(compat_level=pl.CompatLevel.oldest()))
        return _refine_range(spark, source, stream, target, sent, todo, lake, outcome)
    return refine_small(spark, source, stream, target, raw, todo, lake, outcome)


def _refine_range(
    spark: SparkSession,
    source: Source,
    stream: str,
    target: Table,
    raw: DataFrame,
    todo: list[Increment],
    lake: str,
    outcome: Refined,
) -> int:
    described: Stream = getattr(source, stream)
    parsed = parse(raw, source, described, target).localCheckpoint()
    valid = parsed.where(F.size("reasons") == 0)
    total, good, reach, kept = _facts(parsed, target)
    outcome.undeclared = tuple(sorted({*outcome.undeclared, *(set(kept) - set(described.attributes))}))
    taken = _taken(spark, source, target, reach, lake)
    due = todo[0].target is target
    left_out = (repeats(valid, taken, key(target)) if due else refused(valid, taken)).localCheckpoint()
    repeated = left_out.count() if good else 0
    left_out = _listed(left_out, repeated)
    rows = valid.join(left_out, COORDINATES, "left_anti") if repeated else valid
    differs, others = None, 0
    if repeated:
        later = valid.join(left_out, COORDINATES, "left_semi").select("*", *unmapped(described, target))
        added = rows.select("*", *unmapped(described, target)) if due else None
        differs, others = _compared(spark, source, stream, later, repeated, added, lake)
    corrected = corrections.taken_from(described, target)
    conflicts = 0 if corrected else others
    for increment in todo:
        if increment.target is target:
            stamped = rows.select("*", F.current_timestamp().alias("processed_at"), *unmapped(described, target))
            outcome.written += _write(spark, stamped, good - repeated, increment, lake)
        elif increment.target is silver.QUARANTINE:
            bad = quarantined(parsed, stream)
            if differs is not None and conflicts:
                bad = bad.unionByName(conflicting(raw, differs, target, stream))
            outcome.quarantined += _write(spark, bad, total - good + conflicts, increment, lake)
        elif increment.target is silver.LABELS:
            outcome.labelled += _write(spark, in_line_labels(rows, source), good - repeated, increment, lake)
        elif increment.target is silver.CORRECTIONS:
            changes = valid if differs is None else correcting(valid, differs)
            stamped = changes.select("*", F.current_timestamp().alias("found_at"), *unmapped(described, target))
            outcome.corrections += _write(spark, stamped, others, increment, lake)
        else:
            again = valid if differs is None else duplicates(valid, differs, stream)
            outcome.duplicates += _write(spark, again, repeated - others, increment, lake)
    return total


def _compared(
    spark: SparkSession,
    source: Source,
    stream: str,
    later: DataFrame,
    repeated: int,
    added: DataFrame | None,
    lake: str,
) -> tuple[DataFrame, int]:
    """What the later records hold other than the first of their key (see `differing`), and how many hold any such.

    There are ``repeated`` later records. The first is silver's row, or, while silver has yet to take the range, one of
    those to be ``added``.
    """
    target = STREAMS[stream][1]
    columns = [*key(target), *(column.name for column in content(target))]
    first = _taken(spark, source, target, _facts(later, target)[2], lake).select(columns)
    if added is not None:
        first = first.unionByName(added.select(columns))
    first = first.join(_listed(later.select(key(target)), repeated), key(target), "left_semi")
    differs = differing(later, first, target).localCheckpoint()
    return differs, differs.where(F.size("differs") > 0).count()


def _listed(rows: DataFrame, count: int) -> DataFrame:
    """The rows, so few that each worker may be given the whole list, or else as they are."""
    return F.broadcast(rows) if count <= BROADCAST else rows


def in_line_labels(taken: DataFrame, source: Source) -> DataFrame:
    """The labels that payments brought with them, known after the source's label delay."""
    delay = F.expr(f"make_dt_interval(0, 0, 0, {source.label_delay.total_seconds()})")
    nobody = F.lit(None).cast("string")
    return taken.where(F.col(IS_FRAUD.name).isNotNull()).withColumns(
        {
            "origin": F.lit(IN_LINE),
            "known_at": F.col("event_time") + delay,
            "processed_at": F.current_timestamp(),
            "who": nobody,
            "why": nobody,
        }
    )


def quarantined(parsed: DataFrame, stream: str) -> DataFrame:
    """The records that broke a rule, whole, in the columns of silver.quarantine."""
    return _put_aside(parsed.where(F.size("reasons") > 0), stream)


def conflicting(raw: DataFrame, differs: DataFrame, table: Table, stream: str) -> DataFrame:
    """The records whose key an earlier one has with another content, whole, in the columns of silver.quarantine."""
    reason = F.concat(F.lit(conflict(table, "")), F.array_join("differs", ", "))
    conflicts = differs.where(F.size("differs") > 0).select(*COORDINATES, F.array(reason).alias("reasons"))
    return _put_aside(raw.join(F.broadcast(conflicts), COORDINATES), stream)


def correcting(valid: DataFrame, differs: DataFrame) -> DataFrame:
    """The valid records that tell another content than an earlier one."""
    other = F.broadcast(differs.where(F.size("differs") > 0).select(*COORDINATES))
    return valid.join(other, COORDINATES, "left_semi")


def _put_aside(rows: DataFrame, stream: str) -> DataFrame:
    stamped = rows.withColumns({"stream": F.lit(stream), "quarantined_at": F.current_timestamp()})
    return stamped.select(silver.QUARANTINE.column_names)


def duplicates(valid: DataFrame, differs: DataFrame, stream: str) -> DataFrame:
    """The valid records with the content of an earlier one, in the columns of silver.duplicates."""
    alike = F.broadcast(differs.where(F.size("differs") == 0).select(*COORDINATES))
    return valid.join(alike, COORDINATES, "left_semi").withColumns(
        {"stream": F.lit(stream), "found_at": F.current_timestamp()}
    )


def _facts(parsed: DataFrame, table: Table) -> tuple[int, int, Reach, list[str]]:
    """Records, those to trust, how far the keys of these reach, and the names of all attributes."""
    trusted = {name: F.when(F.size("reasons") == 0, F.col(name)) for name in key(table)}
    bounds = [bound(column).cast("string") for column in trusted.values() for bound in (F.min, F.max)]
    kept = F.map_keys("attributes") if "attributes" in parsed.columns else F.array().cast("array<string>")
    names = F.array_distinct(F.flatten(F.collect_set(kept)))
    row = parsed.agg(F.count("*"), F.count_if(F.size("reasons") == 0), names, *bounds).first()
    assert row is not None
    total, good, attributes, *found = row
    reach = dict(zip(key(table), zip(found[::2], found[1::2], strict=True), strict=True))
    return total, good, reach, list(attributes or ())


def _taken(spark: SparkSession, source: Source, target: Table, reach: Reach, lake: str) -> DataFrame:
    """What silver holds of the source within reach, now and whatever is written later; other files are not opened."""
    now = spark.read.format("delta").option("versionAsOf", reads.version(target, lake) or 0)
    rows = now.load(target.path(lake)).where(F.col("source") == source.name)
    for name, (least, greatest) in reach.items():
        of_type = rows.schema[name].dataType
        rows = rows.where(F.col(name).between(F.lit(least).cast(of_type), F.lit(greatest).cast(of_type)))
    return rows


def _write(spark: SparkSession, rows: DataFrame, most: int, increment: Increment, lake: str) -> int:
    """Append the rows, ``most`` at the most, a few of them from this process; returns how many were written."""
    if most == 0:
        increments.skip(increment, lake)
        return 0
    if most <= SMALL:
        return increments.append_here(rows.toArrow(), increment, lake)
    return increments.append(spark, rows, increment, lake)
