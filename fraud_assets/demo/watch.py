"""Watching the pipeline work: its runs until all is done, and how long a payment takes to be seen."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from fraud_assets.bronze import offsets
from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import bronze, gold
from fraud_assets.errors import FraudError
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import run_client as runs
from fraud_assets.settings import Settings

PATIENCE_S = 600
UNDER_WAY = "IN_PROGRESS"
LONG_S = 5
"""A step that takes longer is told before it is done."""
MARKS = {"SUCCESS": "✓", "FAILURE": "✗", "SKIPPED": "-"}


@dataclass
class Watch:
    """The runs since a moment, each step told once; ``tell`` gets a line for people."""

    settings: Settings
    tell: Callable[[str], None]
    since: float = field(default_factory=time.time)
    seen: dict[str, runs.Run] = field(default_factory=dict)
    told: set[tuple[str, str, str]] = field(default_factory=set)

    def look(self, quietly: bool = False) -> bool:
        """Look once; whether no run is in flight.

        Raises:
            FraudError: a run failed.
        """
        found = [run for run in runs.runs(self.settings, limit=50) if (run.started or time.time()) >= self.since]
        for run in found:
            self.seen[run.run_id] = run
            for step in run.steps:
                said = (run.run_id, step.name, step.status)
                name = step.name.replace("__", ".")
                if quietly or said in self.told:
                    continue
                if step.status in MARKS:
                    self.told.add(said)
                    self.tell(f"  {MARKS[step.status]} {run.job:10} {name:52} {step.seconds:6.1f} s")
                elif step.status == UNDER_WAY and step.seconds > LONG_S:
                    self.told.add(said)
                    self.tell(f"  … {run.job:10} {name} is under way")
            if run.status in ("FAILURE", "CANCELED"):
                errors = runs.outcome(self.settings, run.run_id).errors
                raise FraudError(
                    f"run {run.run_id[:8]} of {run.job} ended as {run.status.lower()}: {'; '.join(errors)}"
                )
        return all(run.status in runs.ENDED for run in found)

    def until(self, done: Callable[[], bool], quietly: bool = False) -> None:
        """Look until no run is in flight and ``done`` says so.

        Raises:
            FraudError: a run failed, or nothing came of it in ten minutes.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not (self.look(quietly) and done()):
            if time.monotonic() > deadline:
                raise FraudError(f"the pipeline was not done after {PATIENCE_S} s; see the Dagster UI")
            time.sleep(0.5)


def caught_up(settings: Settings, source: Source) -> bool:
    """Whether bronze has read all that Kafka holds of the source, and holds something."""
    ends = offsets.ends(settings.kafka, list(source.topics))
    streams = ((source.transactions, bronze.TRANSACTIONS), (source.labels, bronze.LABELS))
    lake = Lake.of(settings)
    behind = [
        offsets.lag(ends[stream.topic], offsets.committed(lake.opened(table), source.name, stream.topic))
        for stream, table in streams
    ]
    return any(ends[source.transactions.topic].values()) and sum(behind) == 0


@dataclass
class Delays:
    """How long payments took from Kafka until their decision could be read from the lake, in seconds."""

    settings: Settings
    source: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    seen: dict[str, float] = field(default_factory=dict)
    version: int | None = None

    def look(self) -> bool:
        """Take note of the decisions that have appeared since the last look; look twice a second or so. True."""
        version = reads.version(gold.SCORES, Lake.of(self.settings))
        if version is None or version == self.version:
            return True
        self.version, now = version, datetime.now(UTC)
        scores = reads.scan(gold.SCORES, Lake.of(self.settings))
        assert scores is not None
        fresh = scores.filter(
            pl.col("source") == self.source, pl.col("event_time") >= self.since, pl.col("kafka_time") >= self.since
        )
        for payment, sent in fresh.select("transaction_id", "kafka_time").collect().iter_rows():
            self.seen.setdefault(payment, (now - sent).total_seconds())
        return True
