"""The demonstration's order of work: history into Kafka, refresh, train, score, live traffic.

What is done is done by the parts that do it for everybody: the simulator, the sensor and the jobs. The benchmark
``event_to_dashboard_s`` goes the same way.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import gold
from fraud_assets.demo.history import History
from fraud_assets.demo.watch import Watch, caught_up
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration.jobs import Job
from fraud_assets.orchestration.run_client import launch
from fraud_assets.settings import Settings
from fraud_assets.sources.cards.simulate import Delivery, Sent, simulate_history, simulate_live

MALFORMED, DUPLICATES = 0.001, 0.002
"""Shares of malformed and duplicated records, so that quarantine and duplicates have something to show."""

Stage = Callable[[str], AbstractContextManager[object]]
"""Announces and times a stage of the demonstration, by its name."""


def delivery_of(source: Source, settings: Settings) -> Delivery:
    """How the simulated records reach Kafka."""
    return Delivery(settings.kafka, label_delay=source.label_delay, malformed=MALFORMED, duplicates=DUPLICATES)


def send_history(history: History, source: Source, settings: Settings, progress: Callable[[], None]) -> Sent:
    """Send the history to Kafka; ``progress`` is called after each day."""
    return simulate_history(history.world, history.period, delivery_of(source, settings), lambda _: progress())


def until_scored(source: Source, settings: Settings, watch: Watch, stage: Stage, is_new: bool) -> None:
    """Wait for the refresh that the sensor starts; without a model yet, train one and score the history.

    Raises:
        FraudError: a run failed.
    """
    with stage("refresh: Kafka to features, started by the sensor"):
        watch.until(lambda: caught_up(settings, source) and bool(watch.seen or not is_new))
    if not reads.count(gold.MODEL_PERFORMANCE, Lake.of(settings), source.name):
        for name, job in (("train", Job.TRAIN), ("score the history", Job.REFRESH)):
            with stage(name):
                run(job, source, settings, watch)


def run(job: Job, source: Source, settings: Settings, watch: Watch) -> None:
    """Run a job for the source and wait until no run is in flight."""
    run_id = launch(settings, job, source.name)
    watch.until(lambda: run_id in watch.seen)


@contextmanager
def live_traffic(
    history: History, source: Source, settings: Settings, rate: float, stop: threading.Event
) -> Iterator[Future[Sent]]:
    """Live payments of the history's world, ``rate`` a second, until ``stop`` is set or the block ends.

    ``stop`` is also set when the traffic ends by itself; the future then holds the error.
    """
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(
            simulate_live, history.world, rate, delivery_of(source, settings), stop, None, history.period
        )
        sent.add_done_callback(lambda _: stop.set())
        try:
            yield sent
        finally:
            stop.set()
