"""The pipeline's runs followed until all are done, and the delay from a payment to its decision in the lake."""

import threading
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
"""Seconds after which a step is reported while it still runs."""
MARKS = {"SUCCESS": "✓", "FAILURE": "✗", "SKIPPED": "-"}


@dataclass
class Watch:
    """The runs since a moment; ``report`` gets a line for people, one for each step."""

    settings: Settings
    report: Callable[[str], None]
    since: float = field(default_factory=time.time)
    seen: dict[str, runs.Run] = field(default_factory=dict)
    reported: set[tuple[str, str, str]] = field(default_factory=set)

    def look(self, quietly: bool = False) -> bool:
        """Look once; whether no run is in flight.

        Raises:
            FraudError: a run failed.
        """
        found = [run for run in runs.runs(self.settings, limit=50) if (run.started or time.time()) >= self.since]
        for run in found:
            self.seen[run.run_id] = run
            for step in run.steps:
                state = (run.run_id, step.name, step.status)
                name = step.name.replace("__", ".")
                if quietly or state in self.reported:
                    continue
                if step.status in MARKS:
                    self.reported.add(state)
                    self.report(f"  {MARKS[step.status]} {run.job:10} {name:52} {step.seconds:6.1f} s")
                elif step.status == UNDER_WAY and step.seconds > LONG_S:
                    self.reported.add(state)
                    self.report(f"  … {run.job:10} {name} is under way")
            if run.status in ("FAILURE", "CANCELED"):
                errors = runs.outcome(self.settings, run.run_id).errors
                raise FraudError(
                    f"run {run.run_id[:8]} of {run.job} ended as {run.status.lower()}: {'; '.join(errors)}"
                )
        return all(run.status in runs.ENDED for run in found)

    def until(self, done: Callable[[], bool], quietly: bool = False) -> None:
        """Look until no run is in flight and ``done`` says so.

        Raises:
            FraudError: a run failed, or `PATIENCE_S` passed.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not (self.look(quietly) and done()):
            if time.monotonic() > deadline:
                raise FraudError(f"the pipeline was not done after {PATIENCE_S} s; see the Dagster UI")
            time.sleep(0.5)


def caught_up(settings: Settings, source: Source) -> bool:
    """Whether bronze has read every record of the source in Kafka, and there is one."""
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
    """Seconds from Kafka's time of each payment until its decision could be read from the lake."""

    settings: Settings
    source: str
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    seen: dict[str, float] = field(default_factory=dict)
    version: int | None = None

    def look(self) -> bool:
        """Note the decisions that have appeared since the last look; look about twice a second. Returns True."""
        version = reads.version(gold.SCORES, Lake.of(self.settings))
        if version is None or version == self.version:
            return True
        self.version, now = version, datetime.now(UTC)
        fresh = (
            Lake.of(self.settings)
            .scan(gold.SCORES)
            .filter(
                pl.col("source") == self.source, pl.col("event_time") >= self.since, pl.col("kafka_time") >= self.since
            )
        )
        for payment, sent in fresh.select("transaction_id", "kafka_time").collect().iter_rows():
            self.seen.setdefault(payment, (now - sent).total_seconds())
        return True

    def watch(self, runs: Watch, stop: threading.Event, seconds: float) -> None:
        """Look at runs and decisions for so long, or until ``stop`` is set.

        Raises:
            FraudError: a run failed.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until and not stop.wait(0.5):
            runs.look(quietly=True)
            self.look()
