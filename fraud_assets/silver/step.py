"""Bronze → silver: what can be trusted once, what repeats, what is quarantined; each record in exactly one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from fraud_assets.lake import increments
from fraud_assets.lake.increments import Increment
from fraud_assets.silver.parse import parse, unmapped
from fraud_assets.sources.source import Source, Stream
from fraud_assets.tables import Table, bronze, silver

STREAMS = {"transactions": (bronze.TRANSACTIONS, silver.TRANSACTIONS), "labels": (bronze.LABELS, silver.LABELS)}
COORDINATES = ["topic", "partition", "offset"]

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


def refine(spark: SparkSession, source: Source, stream: str, lake: str) -> Refined:
    """Carry what bronze gained into silver, ``stream`` being transactions or labels.

    Silver, quarantine and duplicates each keep their own position; a run that died between them is completed by
    the next, which then reads a range for each. Silver goes first: duplicates are what it did not take.
    """
    upstream, target = STREAMS[stream]
    todo = increments.pending_of(upstream, (target, silver.QUARANTINE, silver.DUPLICATES), source.name, lake)
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
    with _kept(parse(raw, source, described, target)) as parsed:
        valid = parsed.where(F.size("reasons") == 0)
        key = [name for name in target.key if name != "source"]
        total, good, reach = _facts(parsed, key)
        outcome.read = max(outcome.read, total)
        for increment in todo:
            if increment.target is target:
                first = fresh(valid, _taken(spark, source, target, reach, lake), key)
                rows = first.select("*", *unmapped(described, target)) if good else None
                outcome.written = _write(spark, rows, increment, lake)
            elif increment.target is silver.QUARANTINE:
                rows = quarantined(parsed, stream) if good < total else None
                outcome.quarantined = _write(spark, rows, increment, lake)
            else:
                rows = repeated(valid, _taken(spark, source, target, reach, lake), stream)
                rows = rows if good > outcome.written else None
                outcome.duplicates = _write(spark, rows, increment, lake)


def fresh(valid: DataFrame, taken: DataFrame, key: list[str]) -> DataFrame:
    """The records whose key silver does not have; of those that share a key, the one that came first in Kafka.

    Of all records only the keys' hashes are shuffled; the rows themselves meet a small list of those to leave out.
    """
    keys = valid.select(F.xxhash64(*key).alias("_hash"), *key, "kafka_time", *COORDINATES)
    order = Window.partitionBy(*key).orderBy("kafka_time", *COORDINATES)
    shared = keys.groupBy("_hash").count().where("count > 1").select("_hash")
    later = keys.join(F.broadcast(shared), "_hash").withColumn("_rank", F.row_number().over(order)).where("_rank > 1")
    present = keys.join(taken.select(*key), key, "left_semi")
    left_out = later.select(*COORDINATES).unionByName(present.select(*COORDINATES)).distinct()
    return valid.join(F.broadcast(left_out), COORDINATES, "left_anti").withColumn("processed_at", F.current_timestamp())


def quarantined(parsed: DataFrame, stream: str) -> DataFrame:
    """The records that broke a rule, whole, in the columns of silver.quarantine."""
    return parsed.where(F.size("reasons") > 0).withColumns(
        {"stream": F.lit(stream), "quarantined_at": F.current_timestamp()}
    )


def repeated(valid: DataFrame, taken: DataFrame, stream: str) -> DataFrame:
    """The valid records that silver did not take because it has their key, in the columns of silver.duplicates."""
    return valid.join(taken.select(*COORDINATES), COORDINATES, "left_anti").withColumns(
        {"stream": F.lit(stream), "found_at": F.current_timestamp()}
    )


def _facts(parsed: DataFrame, key: list[str]) -> tuple[int, int, Reach]:
    """Records, those to trust, and how far the keys of these reach."""
    trusted = {name: F.when(F.size("reasons") == 0, F.col(name)) for name in key}
    bounds = [bound(column).cast("string") for column in trusted.values() for bound in (F.min, F.max)]
    row = parsed.agg(F.count("*"), F.count_if(F.size("reasons") == 0), *bounds).first()
    assert row is not None
    total, good, *found = row
    return total, good, dict(zip(key, zip(found[::2], found[1::2], strict=True), strict=True))


def _taken(spark: SparkSession, source: Source, target: Table, reach: Reach, lake: str) -> DataFrame:
    """What silver holds of the source within reach; files without any are not opened."""
    rows = spark.read.format("delta").load(target.path(lake)).where(F.col("source") == source.name)
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


@contextmanager
def _kept(frame: DataFrame) -> Iterator[DataFrame]:
    """The frame computed once for the block."""
    kept = frame.persist()
    try:
        yield kept
    finally:
        kept.unpersist()
