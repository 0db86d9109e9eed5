"""A stack of a test's own whose parts may be killed, the pipeline's steps by name, and a comparison of two lakes.

What belongs here: what the tests of this folder share with ``bench/faults.py``.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.bronze.ingest import ingest
from fraud_assets.decisions import alerts
from fraud_assets.decisions import step as scoring
from fraud_assets.declarations.policy.schema import active
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import Table, bronze, gold, silver
from fraud_assets.features.batch import step as features
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.silver import step as silver_step
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.sources.cards.simulate import Delivery, Period, simulate_history
from fraud_assets.sources.cards.world import World
from fraud_assets.stack import operate, supervisor
from fraud_assets.summaries import activity
from fraud_assets.summaries.step import summarise
from fraud_assets.summaries.summaries import CUSTOMERS, HOURLY, MERCHANTS
from fraud_assets_tests import pipeline
from fraud_assets_tests.conftest import ports
from fraud_assets_tests.decisions.sample import champion

CARDS = named("cards")
DAYS = 25
WORLD = World(customers=12, terminals=60, seed=3, radius=30)
BATCH = 1_000_000

CLOCK = {
    "ingested_at", "processed_at", "quarantined_at", "found_at", "computed_at", "repaired_at",
    "decided_at", "raised_at", "summarised_at", "closed_at",
}  # fmt: skip
"""Columns that tell when a row was written, which no two runs have in common."""

Step = Callable[[SparkSession, Lake, str], object]
"""What a step does, given Spark, the lake and Kafka's address."""


def _bronze(spark: SparkSession, lake: Lake, kafka: str) -> None:
    for stream, (table, _) in silver_step.STREAMS.items():
        ingest(spark, "cards", getattr(CARDS, stream), table, lake, kafka, BATCH)


def _silver(spark: SparkSession, lake: Lake, kafka: str) -> None:
    for stream in silver_step.STREAMS:
        silver_step.bronze_to_silver(spark, CARDS, stream, lake)


def _features(spark: SparkSession, lake: Lake, kafka: str) -> None:
    features.compute(spark, CARDS, lake, pipeline.MAX_ROWS_IN_MEMORY)


def _scores(spark: SparkSession, lake: Lake, kafka: str) -> None:
    scoring.score(CARDS, champion(threshold=0.0), active(), lake)


def _alerts(spark: SparkSession, lake: Lake, kafka: str) -> None:
    alerts.raise_alerts("cards", lambda _: champion(threshold=0.0), lake)


def _summaries(spark: SparkSession, lake: Lake, kafka: str) -> None:
    for summary in (HOURLY, CUSTOMERS, MERCHANTS):
        summarise(spark, "cards", summary, lake)


def _windows(spark: SparkSession, lake: Lake, kafka: str) -> None:
    activity.aggregate(spark, "cards", lake)


STEPS: Mapping[str, Step] = {
    "bronze": _bronze,
    "silver": _silver,
    "features": _features,
    "scores": _scores,
    "alerts": _alerts,
    "summaries": _summaries,
    "activity windows": _windows,
}
"""In the order in which a record passes them."""
HERE = ("scores", "alerts")
"""Steps that no size takes to Spark."""
IN_PROCESS = ("features", *HERE)
"""Steps whose own process writes a history as small as this one."""

WRITES: Mapping[str, tuple[Table, ...]] = {
    "bronze": (bronze.TRANSACTIONS, bronze.LABELS),
    "silver": (silver.TRANSACTIONS, silver.LABELS, silver.QUARANTINE, silver.DUPLICATES),
    "features": (gold.FEATURES,),
    "scores": (gold.SCORES, gold.DECISION_INPUTS, gold.DECISION_CONTEXTS),
    "alerts": (gold.ALERTS,),
    "summaries": (gold.HOURLY_CATEGORY_SUMMARY, gold.CUSTOMER_PROFILES, gold.MERCHANT_PROFILES),
    "activity windows": (gold.ACTIVITY_WINDOWS,),
}
"""The tables of each step; struck at the first, it has the others still to write."""

TABLES = tuple(table for step in STEPS for table in WRITES[step])
READ = (silver.QUARANTINE_ACTIONS,)
"""Tables that steps read besides, in which people write."""
COORDINATES = ("topic", "partition", "offset")
KEYS = {
    table.full_name: list(dict.fromkeys([*table.key, *(n for n in COORDINATES if n in table.column_names)]))
    for table in TABLES
}
"""What makes a row unique, and its record where it has one."""


@dataclass(frozen=True)
class OwnStack:
    """A stack of its own, whose parts may be killed."""

    settings: Settings

    def kill(self, part: str) -> None:
        """Send SIGKILL to a part's process."""
        os.kill(supervisor.connect(self.settings).getProcessInfo(part)["pid"], signal.SIGKILL)

    def stop(self, parts: Collection[str]) -> None:
        """Stop parts in the usual way, if they run."""
        running = supervisor.connect(self.settings)
        for info in running.getAllProcessInfo():
            if info["name"] in parts and info["pid"]:
                running.stopProcess(info["name"])

    def whole(self, parts: Collection[str] = ("kafka", "spark")) -> None:
        """Return when every part answers; one that was killed too often to be started again is started here."""
        operate.up(self.settings, only=parts)

    def spark(self, work: Callable[[SparkSession], object]) -> None:
        """Work done with a new session, which does not wait for a server that is gone.

        In a thread of its own, as Spark finds a thread's active session where it is not told one.
        """

        def alone() -> None:
            session: SparkSession = SparkSession.builder.remote(self.settings.spark).create()
            session.client.set_retry_policies([])
            try:
                work(session)
            finally:
                session.stop()

        with ThreadPoolExecutor(1) as pool:
            pool.submit(alone).result()

    def run(self, step: str, lake: Lake) -> None:
        """One step."""
        self.spark(lambda session: STEPS[step](session, lake, self.settings.kafka))

    def process(self, step: str, lake: Lake) -> subprocess.Popen[bytes]:
        """One step in a process of its own, which may be killed."""
        return subprocess.Popen([sys.executable, "-m", __name__, str(self.settings.runtime), step, lake.root])

    def refresh(self, lake: Lake) -> None:
        """Every step in its turn."""
        for step in STEPS:
            self.run(step, lake)


@contextmanager
def own_stack(runtime: Path, mlflow: str = "", keep: bool = False) -> Iterator[OwnStack]:
    """Kafka and Spark on ports and in a folder of their own, left running with ``keep``; ``mlflow`` is another's."""
    made = OwnStack(_own(runtime, mlflow))
    try:
        made.whole()
        yield made
    finally:
        if not keep:
            operate.down(made.settings)


def _own(runtime: Path, mlflow: str = "") -> Settings:
    here = {f"{name.lower()}_port": port for name, port in ports(runtime).items()}
    lake = str(runtime / "lake")
    return Settings(runtime=runtime, lake=lake, mlflow_tracking_uri=mlflow, **here)  # type: ignore[arg-type]


def send(servers: str) -> None:
    """Some hundred payments and their labels to the topics of the source cards, some malformed, some twice."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    simulate_history(WORLD, Period.ending(end, DAYS), Delivery(servers, malformed=0.02, duplicates=0.03))


@contextmanager
def large() -> Iterator[None]:
    """Every increment is Spark's, however small."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (silver_step, features):
            patch.setattr(module, "IN_PROCESS_ROWS", 0)
        patch.setattr(pipeline, "HELD_ROWS", 0)
        yield


@dataclass(frozen=True)
class Moment:
    """When to strike: as soon as a file of this kind appears below the table's folder."""

    table: Table
    files: str

    def seen(self, lake: Lake) -> set[Path]:
        """The files of the kind that are there."""
        return set(Path(lake.path(self.table)).glob(self.files))


def writing(table: Table) -> Moment:
    """Rows are being written, and not yet committed."""
    return Moment(table, "source=*/*.parquet")


def committed(table: Table) -> Moment:
    """Rows were committed, and the step does not know it yet."""
    return Moment(table, "_delta_log/*.json")


@contextmanager
def struck(lake: Lake, moment: Moment, strike: Callable[[], None]) -> Iterator[None]:
    """The block is struck at the moment, which must come, and fails, unless it was as good as done."""
    before, over, struck = moment.seen(lake), threading.Event(), threading.Event()

    def watch() -> None:
        while not over.is_set():
            if moment.seen(lake) - before:
                strike()
                struck.set()
                return
            time.sleep(0.001)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    except Exception:
        if not struck.is_set():
            raise
    finally:
        over.set()
        watching.join()
    assert struck.is_set(), f"{moment} never came"


def contents(lake: Lake, tables: Sequence[Table] = TABLES) -> dict[str, pl.DataFrame]:
    """The tables, each in the order of its key, without the times of writing."""
    held = {}
    for table in tables:
        frame = reads.scan(table, lake)
        assert frame is not None, f"{table.full_name} does not exist"
        kept = frame.select(name for name in table.column_names if name not in CLOCK)
        held[table.full_name] = kept.collect().sort(KEYS[table.full_name])
    return held


@dataclass(frozen=True)
class Difference:
    """How a lake differs from a clean one: rows it lacks, rows beyond those, and tables of other content."""

    lost: int
    doubled: int
    changed: tuple[str, ...]


def difference(lake: Lake, clean: Mapping[str, pl.DataFrame], tables: Sequence[Table] = TABLES) -> Difference:
    """How the tables of a lake differ from a clean one's; rows are known by their keys."""
    lost, doubled, changed = 0, 0, []
    for table, held in contents(lake, tables).items():
        key = [name for name in held.columns if name in KEYS[table]]
        here, there = held.select(key), clean[table].select(key)
        lost += there.join(here, on=key, how="anti", nulls_equal=True).height
        doubled += here.height - here.unique().join(there, on=key, how="semi", nulls_equal=True).height
        try:
            assert_frame_equal(held, clean[table], rel_tol=1e-9)
        except AssertionError:
            changed.append(table)
    return Difference(lost, doubled, tuple(changed))


def assert_same(lake: Lake, clean: Mapping[str, pl.DataFrame], tables: Sequence[Table] = TABLES) -> None:
    """The lake holds what a clean one does, and every record is accounted for."""
    for table, held in contents(lake, tables).items():
        assert_frame_equal(held, clean[table], rel_tol=1e-9)
    assert all(stream.balanced for stream in reconcile("cards", lake))


if __name__ == "__main__":
    OwnStack(_own(Path(sys.argv[1]))).run(sys.argv[2], Lake(sys.argv[3]))
