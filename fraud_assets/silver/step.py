"""Bronze → silver: what can be trusted once, what repeats, what is quarantined; each record in exactly one."""

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from fraud_assets.lake import increments, reads
from fraud_assets.lake.increments import Increment
from fraud_assets.silver.parse import parse, unmapped
from fraud_assets.sources.source import Source
from fraud_assets.sources.stream import IN_LINE, IS_FRAUD, Stream
from fraud_assets.tables import Table, bronze, silver

STREAMS = {"transactions": (bronze.TRANSACTIONS, silver.TRANSACTIONS), "labels": (bronze.LABELS, silver.LABELS)}
COORDINATES = ["topic", "partition", "offset"]
BROADCAST = 1_000_000
"""Records to leave out up to which each worker is given the whole list."""

Reach = dict[str, tuple[str, str]]
"""The least and the greatest value of each column of a key, as texts."""


@dataclass
class Refined:
    """How many bronze records went where; zero for a part that had been written by an earlier run."""

    versions: str = ""
    read: int = 0
    written: int = 0
    quarantined: int = 0
    duplicates: int = 0
    labelled: int = 0
    """Labels that came in line with payments."""
    undeclared: tuple[str, ...] = ()
    """Fields that records have and the source does not declare; each is named once."""


def refine(spark: SparkSession, source: Source, stream: str, lake: str) -> Refined:
    """Carry what bronze gained into silver, ``stream`` being transactions or labels.

    Silver, quarantine and duplicates each keep their own position; a run that died between them is completed by
    the next, which then reads a range for each. Silver goes first: duplicates are what it did not take. Parsed rows
    are kept as a local checkpoint, which Spark, unlike with a cached frame, never analyses again.
    """
    upstream, target = STREAMS[stream]
    described: Stream = getattr(source, stream)
    in_line = (silver.LABELS,) if target is silver.TRANSACTIONS and IS_FRAUD.name in described.columns else ()
    targets = (target, *in_line, silver.QUARANTINE, silver.DUPLICATES)
    todo = increments.pending_of(upstream, targets, source.name, lake)
    outcome = Refined(versions=todo[0].range if todo else "nothing new")
    for first in dict.fromkeys(increment.first for increment in todo):
        same = [increment for increment in todo if increment.first == first]
        _refine_range(spark, source, stream, target, same, lake, outcome)
    return outcome


def _refine_range(
    spark: SparkSession,
    source: Source,
    stream: str,
    target: Table,
    todo: list[Increment],
    lake: str,
    outcome: Refined,
) -> None:
    raw = increments.read(spark, todo[0], lake)
    described: Stream = getattr(source, stream)
    parsed = parse(raw, source, described, target).localCheckpoint()
    valid = parsed.where(F.size("reasons") == 0)
    key = [name for name in target.key if name != "source"]
    total, good, reach, kept = _facts(parsed, key)
    outcome.read = max(outcome.read, total)
    outcome.undeclared = tuple(sorted({*outcome.undeclared, *(set(kept) - set(described.attributes))}))
    taken = _taken(spark, source, target, reach, lake)
    due = todo[0].target is target
    left_out = (repeats(valid, taken, key) if due else refused(valid, taken)).localCheckpoint()
    repeated = left_out.count() if good else 0
    left_out = F.broadcast(left_out) if repeated <= BROADCAST else left_out
    for increment in todo:
        if increment.target is target:
            rows = valid.join(left_out, COORDINATES, "left_anti") if repeated else valid
            rows = rows.select("*", F.current_timestamp().alias("processed_at"), *unmapped(described, target))
            outcome.written = _write(spark, rows if good > repeated else None, increment, lake)
        elif increment.target is silver.QUARANTINE:
            rows = quarantined(parsed, stream)
            outcome.quarantined = _write(spark, rows if good < total else None, increment, lake)
        elif increment.target is silver.LABELS:
            rows = valid.join(left_out, COORDINATES, "left_anti") if repeated else valid
            labelled = in_line_labels(rows, source) if good > repeated else None
            outcome.labelled = _write(spark, labelled, increment, lake)
        else:
            rows = duplicates(valid, left_out, stream)
            outcome.duplicates = _write(spark, rows if repeated else None, increment, lake)


def repeats(valid: DataFrame, taken: DataFrame, key: list[str]) -> DataFrame:
    """The coordinates of records whose key silver has, or a record that came earlier in Kafka.

    Of all records only the keys' hashes are shuffled, to find the few keys that occur more than once.
    """
    keys = valid.select(F.xxhash64(*key).alias("_hash"), *key, "kafka_time", *COORDINATES)
    order = Window.partitionBy(*key).orderBy("kafka_time", *COORDINATES)
    shared = keys.groupBy("_hash").count().where("count > 1").select("_hash")
    later = keys.join(F.broadcast(shared), "_hash").withColumn("_rank", F.row_number().over(order)).where("_rank > 1")
    present = keys.join(taken.select(*key), key, "left_semi")
    return later.select(*COORDINATES).unionByName(present.select(*COORDINATES)).distinct()


def refused(valid: DataFrame, taken: DataFrame) -> DataFrame:
    """The coordinates of records that silver did not take when it took their increment."""
    return valid.select(*COORDINATES).join(taken.select(*COORDINATES), COORDINATES, "left_anti")


def in_line_labels(taken: DataFrame, source: Source) -> DataFrame:
    """The labels that payments brought with them, known after the source's label delay."""
    delay = F.expr(f"make_dt_interval(0, 0, 0, {source.label_delay.total_seconds()})")
    return taken.where(F.col(IS_FRAUD.name).isNotNull()).withColumns(
        {"origin": F.lit(IN_LINE), "known_at": F.col("event_time") + delay, "processed_at": F.current_timestamp()}
    )


def quarantined(parsed: DataFrame, stream: str) -> DataFrame:
    """The records that broke a rule, whole, in the columns of silver.quarantine."""
    return parsed.where(F.size("reasons") > 0).withColumns(
        {"stream": F.lit(stream), "quarantined_at": F.current_timestamp()}
    )


def duplicates(valid: DataFrame, left_out: DataFrame, stream: str) -> DataFrame:
    """The valid records that silver leaves out, in the columns of silver.duplicates."""
    return valid.join(left_out, COORDINATES, "left_semi").withColumns(
        {"stream": F.lit(stream), "found_at": F.current_timestamp()}
    )


def _facts(parsed: DataFrame, key: list[str]) -> tuple[int, int, Reach, list[str]]:
    """Records, those to trust, how far the keys of these reach, and the names of all attributes."""
    trusted = {name: F.when(F.size("reasons") == 0, F.col(name)) for name in key}
    bounds = [bound(column).cast("string") for column in trusted.values() for bound in (F.min, F.max)]
    kept = F.map_keys("attributes") if "attributes" in parsed.columns else F.array().cast("array<string>")
    names = F.array_distinct(F.flatten(F.collect_set(kept)))
    row = parsed.agg(F.count("*"), F.count_if(F.size("reasons") == 0), names, *bounds).first()
    assert row is not None
    total, good, attributes, *found = row
    reach = dict(zip(key, zip(found[::2], found[1::2], strict=True), strict=True))
    return total, good, reach, list(attributes or ())


def _taken(spark: SparkSession, source: Source, target: Table, reach: Reach, lake: str) -> DataFrame:
    """What silver holds of the source within reach, now and whatever is written later; other files are not opened."""
    now = spark.read.format("delta").option("versionAsOf", reads.version(target, lake) or 0)
    rows = now.load(target.path(lake)).where(F.col("source") == source.name)
    for name, (least, greatest) in reach.items():
        of_type = rows.schema[name].dataType
        rows = rows.where(F.col(name).between(F.lit(least).cast(of_type), F.lit(greatest).cast(of_type)))
    return rows


def _write(spark: SparkSession, rows: DataFrame | None, increment: Increment, lake: str) -> int:
    """Append the rows, or only move the position when there can be none; returns how many were written."""
    if rows is None:
        increments.skip(increment, lake)
        return 0
    return increments.append(spark, rows, increment, lake)
