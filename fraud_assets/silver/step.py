"""Bronze → silver: what can be trusted once, what repeats, what is quarantined; each record in exactly one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from fraud_assets.lake import increments
from fraud_assets.lake.increments import Increment
from fraud_assets.silver.parse import parse
from fraud_assets.sources.source import Source
from fraud_assets.tables import Table, bronze, silver

STREAMS = {"transactions": (bronze.TRANSACTIONS, silver.TRANSACTIONS), "labels": (bronze.LABELS, silver.LABELS)}
COORDINATES = ["topic", "partition", "offset"]


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
    targets = (target, silver.QUARANTINE, silver.DUPLICATES)
    todo = [found for table in targets if (found := increments.pending(upstream, table, source.name, lake))]
    outcome = Refined(versions=todo[0].range if todo else "nothing new")
    for versions in dict.fromkeys((increment.first, increment.last) for increment in todo):
        same = [increment for increment in todo if (increment.first, increment.last) == versions]
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
    with _kept(parse(raw, source, getattr(source, stream), target)) as parsed:
        valid = parsed.where(F.size("reasons") == 0)
        total, good, earliest, latest = _facts(parsed, target.time)
        outcome.read = max(outcome.read, total)
        taken = spark.read.format("delta").load(target.path(lake))
        taken = taken.where((F.col("source") == source.name) & F.col(target.time).between(earliest, latest))
        for increment in todo:
            if increment.target is target:
                rows = fresh(valid, taken, list(target.key)) if good else None
                outcome.written = _write(spark, rows, increment, lake)
            elif increment.target is silver.QUARANTINE:
                rows = quarantined(parsed, stream) if good < total else None
                outcome.quarantined = _write(spark, rows, increment, lake)
            else:
                rows = repeated(valid, taken, stream) if good > outcome.written else None
                outcome.duplicates = _write(spark, rows, increment, lake)


def fresh(valid: DataFrame, taken: DataFrame, key: list[str]) -> DataFrame:
    """The records whose key silver does not have; of those that share a key, the one that came first in Kafka.

    Only keys and coordinates are shuffled; the rows themselves meet a small list of those to leave out.
    """
    keys = valid.select(*key, "kafka_time", *COORDINATES)
    order = Window.partitionBy(*key).orderBy("kafka_time", *COORDINATES)
    shared = keys.groupBy(*key).count().where("count > 1").drop("count")
    later = keys.join(F.broadcast(shared), key).withColumn("_rank", F.row_number().over(order)).where("_rank > 1")
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


def _facts(parsed: DataFrame, time: str) -> tuple[int, int, datetime, datetime]:
    """Records, those to trust, and the earliest and latest time among these."""
    good = F.size("reasons") == 0
    row = parsed.agg(
        F.count("*"), F.count_if(good), F.min(F.when(good, F.col(time))), F.max(F.when(good, F.col(time)))
    ).first()
    assert row is not None
    return row[0], row[1], row[2], row[3]


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
