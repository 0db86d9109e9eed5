"""Silver → what each customer did in windows of event time: Spark streaming aggregations under a watermark.

A window is written once, when the watermark, `LATENESS` behind the newest payment, has passed its end. A payment that
comes later changes no window; it is counted (`reconcile`), and the other summaries, which are recomputed, contain it.
A database's corrections change no window either. Exactly once by Spark's checkpoint and by Delta's sink, which
recognises a batch it has.

How far a source's stream has read stands in the table's log (decision 0019): ``stream/<source>`` is the stream's
number, which names its checkpoint, ``stream/<source>/<number>/version`` the version of silver.transactions read, and
``…/watermark`` its watermark in milliseconds. A stream with a new number begins anew.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from deltalake import CommitProperties, Transaction
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake import reads, writing
from fraud_assets.lake.location import Lake
from fraud_assets.summaries import history
from fraud_assets.summaries.history import Handover, Spans
from fraud_assets.summaries.summaries import amounts

LATENESS = timedelta(hours=1)
"""How much later than the newest payment another may come and still be counted in its windows."""
SESSION_GAP = timedelta(minutes=30)
"""A customer's session ends when this long no payment follows."""
_MINUTE = timedelta(minutes=1)
WINDOWS = {"1m": (_MINUTE, _MINUTE), "5m": (5 * _MINUTE, 5 * _MINUTE), "10m": (10 * _MINUTE, 5 * _MINUTE)}
"""By the name of the span: how long a window is, and how long after another it starts."""
SESSION = "session"
SPANS = Spans(WINDOWS, SESSION, SESSION_GAP, LATENESS)
ALL_FILES = 2**31 - 1
"""What is new is one micro-batch: cut into several, the files of an unordered history would be late to each other."""
_STATE = "spark.sql.streaming.stateStore.providerClass"
_ON_DISK = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
"""Open windows are kept on disk, so that a whole history may be open at once."""


@dataclass(frozen=True)
class Position:
    """How far a source's stream has read: a version of silver.transactions, and the watermark of its last batch."""

    stream: int
    version: int
    watermark: datetime


@dataclass(frozen=True)
class Reconciliation:
    """A source's payments: in closed one-minute windows, in open ones, or too late for theirs."""

    payments: int
    closed: int
    open: int
    corrected: int
    """Payments whose row was corrected since the stream read it, so that they may seem to be in another window."""
    watermark: datetime | None

    @property
    def late(self) -> int:
        """Payments that came when their window was closed."""
        return self.payments - self.closed - self.open

    @property
    def balanced(self) -> bool:
        """Whether no payment was counted twice."""
        return self.late + self.corrected >= 0


def aggregate(spark: SparkSession, source: str, lake: Lake, rows_in_process: int) -> int:
    """Write the windows that have closed since the last call; returns how many.

    Of a first history of at most ``rows_in_process`` payments, the closed windows are computed in this process.

    A run may die after Delta's commit of a batch and before Spark's own, or before the position is recorded. Delta's
    sink then skips the batch when it is repeated, and its payments move no watermark. If so, the source's stream
    begins anew and its windows are replaced.
    """
    if lake.opened(silver.TRANSACTIONS) is None:
        return 0
    before = reads.count(gold.ACTIVITY_WINDOWS, lake, source)
    found = position(source, lake)
    if found is None or not _read_on(spark, source, found.stream, lake):
        stream = _begin_anew(spark, source, lake)
        _read_on(spark, source, stream, lake, history.write(source, SPANS, rows_in_process, lake))
    return reads.count(gold.ACTIVITY_WINDOWS, lake, source) - before


def position(source: str, lake: Lake) -> Position | None:
    """How far the source's stream has read; None before it has."""
    log = lake.log(gold.ACTIVITY_WINDOWS)
    stream = log.transaction_version(_identifier(source))
    if stream is None:
        return None
    version, watermark = (
        log.transaction_version(_identifier(source, stream, what)) for what in ("version", "watermark")
    )
    if version is None or watermark is None:
        return None
    return Position(stream, version, datetime.fromtimestamp(watermark / 1000, UTC))


def _begin_anew(spark: SparkSession, source: str, lake: Lake) -> int:
    """Give the source's stream a new number, remove its windows and the checkpoints of earlier streams."""
    stream = time.time_ns() // 1_000_000
    _record(lake, {_identifier(source): stream})
    if reads.count(gold.ACTIVITY_WINDOWS, lake, source):
        spark.sql(f"DELETE FROM delta.`{lake.path(gold.ACTIVITY_WINDOWS)}` WHERE source = '{source}'")
    lake.remove_folder(gold.ACTIVITY_WINDOWS, f"_checkpoints/{source}")
    return stream


def _read_on(spark: SparkSession, source: str, stream: int, lake: Lake, handover: Handover | None = None) -> bool:
    """Run the stream over what silver gained and record its position; False if its batches cannot be relied on.

    After a handover no later run needs to know of it: to the stream, what is excluded would be too late or closed.
    """
    payments = (
        spark.readStream.format("delta")
        .option("readChangeFeed", "true")
        .option("maxFilesPerTrigger", ALL_FILES)
        .load(lake.path(silver.TRANSACTIONS))
        .where((F.col("source") == source) & (F.col("_change_type") == "insert") & F.col("deleted_at").isNull())
    )
    if handover:
        payments = payments.where(F.col("event_time") >= F.lit(handover.since))
    rows = windows(payments)
    if handover:
        rows = rows.where(F.col("window_end") > F.lit(handover.closed_until))
    spark.conf.set(_STATE, _ON_DISK)
    try:
        query = (
            rows.writeStream.format("delta")
            .outputMode("append")
            .option("checkpointLocation", f"{lake.path(gold.ACTIVITY_WINDOWS)}/_checkpoints/{source}/{stream}")
            .trigger(availableNow=True)
            .start(lake.path(gold.ACTIVITY_WINDOWS))
        )
    finally:
        spark.conf.unset(_STATE)
    query.awaitTermination()
    reached = _reached(query, stream, position(source, lake))
    if reached is None or _is_behind(reached, source, lake):
        return False
    if reached != position(source, lake):
        milliseconds = round(reached.watermark.timestamp() * 1000)
        values = {"version": reached.version, "watermark": milliseconds}
        _record(lake, {_identifier(source, stream, what): value for what, value in values.items()})
    return True


def _reached(query: StreamingQuery, stream: int, before: Position | None) -> Position | None:
    """The position after a run, from what Spark reports of it; None if an earlier run died before recording its own.

    A run without a batch reports no watermark: that of the position before it still holds if the version does.
    """
    progress = query.lastProgress
    if not progress:
        return before
    version = json.loads(progress["sources"][0]["endOffset"])["reservoirVersion"] - 1  # reported is the next to read
    if watermark := progress["eventTime"].get("watermark"):
        return Position(stream, version, datetime.fromisoformat(watermark))
    return before if before and before.version == version else None


def _is_behind(reached: Position, source: str, lake: Lake) -> bool:
    """Whether payments were read that have not moved the watermark as far as they should."""
    as_it_came = pl.col("corrected_at").is_null() & pl.col("deleted_at").is_null()
    own = lake.scan(silver.TRANSACTIONS, reached.version).filter(pl.col("source") == source, as_it_came)
    newest = own.select(pl.col("event_time").max()).collect().item()
    return newest is not None and newest - LATENESS - reached.watermark >= timedelta(milliseconds=1)  # its unit


def _record(lake: Lake, values: dict[str, int]) -> None:
    marks = [Transaction(name, value) for name, value in values.items()]
    writing.commit(lake.log(gold.ACTIVITY_WINDOWS), CommitProperties(app_transactions=marks))


def _identifier(source: str, *parts: object) -> str:
    return "/".join(["stream", source, *map(str, parts)])


def windows(payments: DataFrame) -> DataFrame:
    """Payments (a stream, or all at once) as rows of gold.activity_windows."""
    marked = payments.withWatermark("event_time", _interval(LATENESS))
    spans = {
        name: F.window("event_time", _interval(length), _interval(every)) for name, (length, every) in WINDOWS.items()
    }
    spans[SESSION] = F.session_window("event_time", _interval(SESSION_GAP))
    parts = [
        marked.groupBy("source", "customer_id", window.alias("window"))
        .agg(*amounts(), F.size(F.collect_set("merchant_id")).cast("bigint").alias("merchants"))
        .withColumns(
            {
                "span": F.lit(name),
                "window_start": F.col("window.start"),
                "window_end": F.col("window.end"),
                "closed_at": F.current_timestamp(),
            }
        )
        .select(gold.ACTIVITY_WINDOWS.column_names)
        for name, window in spans.items()
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.unionByName(part)
    return whole


def reconcile(source: str, lake: Lake) -> Reconciliation:
    """The reconciliation of the payments that the stream has read."""
    if any(lake.opened(table) is None for table in (silver.TRANSACTIONS, gold.ACTIVITY_WINDOWS)):
        return Reconciliation(0, 0, 0, 0, None)
    read = position(source, lake)
    if read is None:
        return Reconciliation(0, 0, 0, 0, None)
    ends = pl.col("event_time").dt.truncate("1m") + timedelta(minutes=1)
    corrected = pl.col("corrected_at").is_not_null()
    payments = lake.scan(silver.TRANSACTIONS, read.version)
    came = payments.filter(pl.col("source") == source, pl.col("deleted_at").is_null() | corrected)
    counts = came.select(total=pl.len(), open=(ends > read.watermark).sum(), corrected=corrected.sum()).collect()
    own = lake.scan(gold.ACTIVITY_WINDOWS).filter(pl.col("source") == source, pl.col("span") == "1m")
    closed = own.select(pl.col("transactions").sum()).collect().item()
    total, still_open, changed = counts.row(0)
    return Reconciliation(total, closed, still_open, changed, read.watermark)


def _interval(time: timedelta) -> str:
    return f"{int(time.total_seconds())} seconds"
