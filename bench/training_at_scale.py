"""Training that Spark's workers share: as good as in one process, and ten million payments in bounded memory.

What belongs here: the Handbook's file trained on both ways with the Handbook's features and the default parameters,
and tested on the same week; then the same over more simulated payments than one process should hold. Memory is
what is resident of this process, of Spark's and of its workers.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import psutil
from pyspark.sql import SparkSession
from rich.console import Console

from bench.features_vs_pandas import HANDBOOKS
from bench.handbook import LATEST
from bench.prequential import Fold
from fraud_assets.errors import FraudError
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.models import artifact as model
from fraud_assets.models.artifact import Member, TrainedModel
from fraud_assets.settings import settings
from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.world import World
from fraud_assets.stack.supervisor import members
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.data.split import Part
from fraud_assets.training.evaluate.metrics.average_precision import average_precision
from fraud_assets.training.evaluate.metrics.bootstrap import interval
from fraud_assets.training.fit import distributed
from fraud_assets.training.fit.distributed import Workers
from fraud_assets.training.fit.fitting import DEFAULT, fit_rows, parameters
from reference_data.files import HANDBOOK
from reference_data.handbook_features import canonical

GIB = 6.0  # at most, at the larger size
DELAY = timedelta(days=7)
WORLDS, START, DAYS = 12, date(2026, 1, 1), 106  # 11.9 million payments, 10.3 million of them before the delay and test

FILLED_DAYS = 30  # until then the windows of the first payments are far from full: not trained on
NAMES = tuple(feature.name for feature in HANDBOOKS)

console = Console(stderr=True, highlight=False)


@dataclass
class Measured:
    """Seconds of a training, and the most that was resident meanwhile, GiB."""

    seconds: float = 0.0
    gib: float = 0.0


def run(file: Path = HANDBOOK) -> dict[str, Any]:
    """Average precision on a week of ``file``, the Handbook's transactions as Parquet, and the figures at scale.

    Raises:
        FraudError: the file is not there.
    """
    if not file.exists():
        raise FraudError(f"training_at_scale: no file {file}; give the path of the Handbook's transactions as Parquet")
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        handbook, worlds = Path(folder, "handbook"), Path(folder, "worlds")
        _write_handbook(file, handbook)
        _write_worlds(worlds)
        spark = SparkSession.builder.remote(settings().spark).getOrCreate()
        workers = Workers(lambda: spark, settings().spark_cores, 0)
        at_scale = _at_scale(workers, worlds)
        twin, single, noise = _both_ways(workers, handbook)
    return {
        "name": "training_at_scale",
        "value": round(twin, 4),
        "unit": "average precision",
        "baseline": round(single, 4),
        "ratio": round(twin / single, 3),
        "goal": round(single - noise, 4),
        "met": abs(twin - single) <= noise and at_scale["peak_gib"] < GIB,
        "at_scale": at_scale,
    }


def _both_ways(workers: Workers, folder: Path) -> tuple[float, float, float]:
    """Shared, in one process, and half the width of the latter's 95 % interval."""
    data = _set(folder)
    first: datetime = data.features.select(pl.col("event_time").min()).collect().item()
    train, test = _parts(data, LATEST, first.date() + timedelta(days=FILLED_DAYS))
    twin, _ = _shared(workers, data, train)
    rows = train.collect(data.features, data.labels)
    console.print(f"  {rows.height:,} payments of the Handbook, in one process …")
    single = fit_rows(rows.select(NAMES), rows["is_fraud"])
    scores = model.score(single, test)
    low, high = interval(average_precision, test["is_fraud"], scores, test["customer_id"])
    ours = average_precision(test["is_fraud"], model.score(twin, test))
    return ours, average_precision(test["is_fraud"], scores), (high - low) / 2


def _at_scale(workers: Workers, folder: Path) -> dict[str, Any]:
    data = _set(folder)
    end = START + timedelta(days=DAYS)
    train, test = _parts(data, Fold(end - timedelta(days=21)), START)
    rows, _ = train.count(data.features, data.labels)
    fitted, measured = _shared(workers, data, train)
    found = average_precision(test["is_fraud"], model.score(fitted, test))
    return {
        "rows": rows,
        "features": len(NAMES),
        "seconds": round(measured.seconds, 1),
        "peak_gib": round(measured.gib, 2),
        "value": round(found, 4),
    }


def _shared(workers: Workers, data: TrainingSet, train: Part) -> tuple[TrainedModel, Measured]:
    console.print(f"  payments of {train.start:%Y-%m-%d} to {train.end:%Y-%m-%d}, shared by {workers.count} workers …")
    with _measured() as measured:
        trees = distributed.fit(workers, data, train, NAMES, parameters(DEFAULT))
    console.print(f"  {measured.seconds:.0f} s, {measured.gib:.2f} GiB", soft_wrap=True)
    return TrainedModel(NAMES, (Member("xgboost", trees),)), measured


def _parts(data: TrainingSet, fold: Fold, since: date) -> tuple[Part, pl.DataFrame]:
    """All payments since a day whose labels are known as the fold's test starts, and the payments it tests."""
    first, last, known, end = (
        datetime(day.year, day.month, day.day, tzinfo=UTC)
        for day in (since, fold.train_end, fold.test_start, fold.test_end)
    )
    started = datetime(fold.start.year, fold.start.month, fold.start.day, tzinfo=UTC)
    tested = fold.testing(Part(started, end, end + DELAY).collect(data.features, data.labels))
    return Part(first, last, known), tested


def _set(folder: Path) -> TrainingSet:
    return TrainingSet(
        "cards",
        {},
        pl.scan_parquet(folder / "features-*.parquet"),
        pl.scan_parquet(folder / "labels-*.parquet").filter("is_fraud"),
    )


def _write_handbook(file: Path, folder: Path) -> None:
    console.print("  features of the Handbook's payments …")
    _write(*canonical(pl.read_parquet(file)), folder, 0)


def _write_worlds(folder: Path) -> None:
    console.print(f"  {WORLDS} worlds of {DAYS} days and their features …")
    end = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=DAYS)
    for seed in range(WORLDS):
        own = [pl.format(f"{seed}-{{}}", pl.col(name)).alias(name) for name in ("transaction_id", "customer_id")]
        payments = pl.concat(payments_between(World(seed=seed), START, end)).select(
            *own,
            pl.format(f"{seed}-{{}}", "terminal_id").alias("merchant_id"),
            pl.col("event_time").dt.cast_time_unit("us"),
            "amount",
            "is_fraud",
            source=pl.lit("cards"),
        )
        labels = payments.select("transaction_id", "is_fraud", known_at=pl.col("event_time") + DELAY)
        _write(payments.drop("is_fraud"), labels, folder, seed)


def _write(payments: pl.DataFrame, labels: pl.DataFrame, folder: Path, number: int) -> None:
    folder.mkdir(exist_ok=True)
    features = evaluate(payments, labels, int(DELAY.total_seconds()), features=HANDBOOKS)
    features.select("transaction_id", "event_time", "customer_id", *NAMES).write_parquet(
        folder / f"features-{number:02}.parquet"
    )
    labels.write_parquet(folder / f"labels-{number:02}.parquet")


@contextmanager
def _measured() -> Iterator[Measured]:
    """What is filled in while the body runs."""
    measured, done, started = Measured(), threading.Event(), time.perf_counter()

    def watch() -> None:
        while not done.wait(0.5):
            measured.gib = max(measured.gib, _resident() / 2**30)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield measured
    finally:
        done.set()
        watching.join()
        measured.seconds = time.perf_counter() - started


def _resident() -> int:
    """Bytes of this process, and of Spark's and its workers', all of which have pyspark in their command."""
    total: int = psutil.Process().memory_info().rss
    for process in members(settings()):
        try:
            if any("pyspark" in word for word in process.cmdline()):
                total += process.memory_info().rss
        except psutil.Error:
            continue
    return total
