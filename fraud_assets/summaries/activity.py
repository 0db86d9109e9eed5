"""Silver → what each customer did in windows of event time: Spark streaming aggregations under a watermark.

A window is written once, when no payment that is at most `LATENESS` late can fall into it any more. A payment that
comes later still changes no window; it is counted (`reconcile`), and the other summaries, which are computed again,
contain it. Nor do a database's corrections: windows hold payments as they came. Exactly once by construction: Spark's
checkpoint, and Delta's sink that recognises a batch it holds.
"""

import json
import shutil
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.summaries.summaries import amounts

LATENESS = timedelta(hours=1)
"""How much later than the newest payment another may come and still be counted in its windows."""
SESSION_GAP = timedelta(minutes=30)
"""A customer's session ends when this long no payment follows."""
WINDOWS = {"1m": ("1 minute", "1 minute"), "5m": ("5 minutes", "5 minutes"), "10m": ("10 minutes", "5 minutes")}
"""By the name of the span: how long a window is, and how long after another it begins."""
SESSION = "session"
ALL_FILES = 2**31 - 1
"""What is new is one micro-batch: cut into several, the files of an unordered history would be late to each other."""
_STATE = "spark.sql.streaming.stateStore.providerClass"
_ON_DISK = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
"""Open windows are kept on disk, so that a whole history may be open at once."""


@dataclass(frozen=True)
class Reconciliation:
    """Where a source's payments stand: in closed one-minute windows, in open ones, or too late for theirs."""

    payments: int
    closed: int
    open: int
    corrected: int
    """Payments whose row says something else than when the stream read it, so that they may seem to stand elsewhere."""
    watermark: datetime | None

    @property
    def late(self) -> int:
        """Payments that came when their window was closed."""
        return self.payments - self.closed - self.open

    @property
    def balanced(self) -> bool:
        """Whether no payment was counted twice."""
        return self.late + self.corrected >= 0


def aggregate(spark: SparkSession, source: str, lake: Lake) -> int:
    """Write the windows that have closed since the last call; returns how many.

    A run that died after Delta's commit of a batch and before Spark's own note of it leaves a batch that Delta's sink
    skips: its payments are in the state, but move no watermark, and so close no window until the next payment. The
    source's windows are made anew then.
    """
    if lake.opened(silver.TRANSACTIONS) is None:
        return 0
    before = reads.count(gold.ACTIVITY_WINDOWS, lake, source)
    _stream(spark, source, lake)
    if _owing(source, lake):
        spark.sql(f"DELETE FROM delta.`{lake.path(gold.ACTIVITY_WINDOWS)}` WHERE source = '{source}'")
        _forget(source, lake)
        _stream(spark, source, lake)
    return reads.count(gold.ACTIVITY_WINDOWS, lake, source) - before


def _stream(spark: SparkSession, source: str, lake: Lake) -> None:
    if _done(source, lake, "offsets") is None:
        _forget(source, lake)  # Spark refuses what a first batch left that died before it was planned
    payments = (
        spark.readStream.format("delta")
        .option("readChangeFeed", "true")
        .option("maxFilesPerTrigger", ALL_FILES)
        .load(lake.path(silver.TRANSACTIONS))
        .where((F.col("source") == source) & (F.col("_change_type") == "insert") & F.col("deleted_at").isNull())
    )
    spark.conf.set(_STATE, _ON_DISK)
    try:
        query = (
            windows(payments)
            .writeStream.format("delta")
            .outputMode("append")
            .option("checkpointLocation", str(_checkpoint(source, lake)))
            .trigger(availableNow=True)
            .start(lake.path(gold.ACTIVITY_WINDOWS))
        )
    finally:
        spark.conf.unset(_STATE)
    query.awaitTermination()


def _owing(source: str, lake: Lake) -> bool:
    """Whether payments were read that have not moved the watermark as far as they should."""
    read = _read(source, lake)
    if read is None:
        return False
    version, watermark = read
    paid = reads.scan(silver.TRANSACTIONS, lake, version)
    assert paid is not None
    as_it_came = pl.col("corrected_at").is_null() & pl.col("deleted_at").is_null()
    newest = paid.filter(pl.col("source") == source, as_it_came).select(pl.col("event_time").max()).collect().item()
    return newest is not None and newest - LATENESS - watermark >= timedelta(milliseconds=1)  # it counts in these


def _forget(source: str, lake: Lake) -> None:
    """Put the checkpoint away, all of it at once."""
    checkpoint = _checkpoint(source, lake)
    if checkpoint.exists():
        shutil.rmtree(checkpoint.rename(checkpoint.with_name(f".{source}-{uuid.uuid4().hex}")))


def windows(payments: DataFrame) -> DataFrame:
    """Payments (a stream, or all at once) as rows of gold.activity_windows."""
    marked = payments.withWatermark("event_time", _interval(LATENESS))
    spans = {name: F.window("event_time", length, every) for name, (length, every) in WINDOWS.items()}
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
    """Where the payments that the stream has read stand."""
    read = _read(source, lake)
    if read is None:
        return Reconciliation(0, 0, 0, 0, None)
    version, watermark = read
    paid = reads.scan(silver.TRANSACTIONS, lake, version)
    closed = reads.scan(gold.ACTIVITY_WINDOWS, lake)
    assert paid is not None
    assert closed is not None
    ends = pl.col("event_time").dt.truncate("1m") + timedelta(minutes=1)
    corrected = pl.col("corrected_at").is_not_null()
    came = paid.filter(pl.col("source") == source, pl.col("deleted_at").is_null() | corrected)
    counts = came.select(total=pl.len(), open=(ends > watermark).sum(), corrected=corrected.sum()).collect()
    mine = closed.filter(pl.col("source") == source, pl.col("span") == "1m").select(pl.col("transactions").sum())
    total, still, changed = counts.row(0)
    return Reconciliation(total, mine.collect().item(), still, changed, watermark)


def _read(source: str, lake: Lake) -> tuple[int, datetime] | None:
    """The version of silver.transactions that the stream has read, and its last batch's watermark; None before any."""
    done = _done(source, lake, "commits")
    if done is None:
        return None
    _, batch, offset, *_ = (_checkpoint(source, lake) / "offsets" / str(done)).read_text().splitlines()
    watermark = datetime.fromtimestamp(json.loads(batch)["batchWatermarkMs"] / 1000, UTC)
    return json.loads(offset)["reservoirVersion"] - 1, watermark  # the offset is the version that comes next


def _done(source: str, lake: Lake, log: str) -> int | None:
    """The newest batch in one of the checkpoint's logs, offsets (planned) or commits (done); None without any."""
    files = (_checkpoint(source, lake) / log).glob("*")
    return max((int(file.name) for file in files if file.name.isdigit()), default=None)


def _checkpoint(source: str, lake: Lake) -> Path:
    """The source's streaming checkpoint, inside the table's folder where Delta ignores it."""
    return Path(lake.path(gold.ACTIVITY_WINDOWS), "_checkpoints", source)


def _interval(time: timedelta) -> str:
    return f"{int(time.total_seconds())} seconds"
