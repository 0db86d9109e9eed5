"""A stack of a test's own whose parts may be killed; the records that are sent to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.sources.cards.simulate import Delivery, Period, simulate_history
from fraud_assets.sources.cards.world import World
from fraud_assets.stack import operate, supervisor
from fraud_assets_tests.conftest import ports
from fraud_assets_tests.faults.pipeline_steps import STEPS

DAYS = 25
WORLD = World(customers=12, terminals=60, seed=3, radius=30)


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

        In a thread of its own, as Spark otherwise uses a thread's active session.
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


if __name__ == "__main__":
    OwnStack(_own(Path(sys.argv[1]))).run(sys.argv[2], Lake(sys.argv[3]))
