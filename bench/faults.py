"""``python -m bench.faults > docs/faults.md``: parts of the stack are killed while they work; what the lake then holds.

What belongs here: doing it more often than the tests of ``fraud_assets_tests/faults`` do, and the page that says so.
"""

import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from deltalake.exceptions import DeltaError
from pyspark.errors import PySparkException
from rich.console import Console

from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets_tests.faults.comparison import Difference, contents, difference
from fraud_assets_tests.faults.own_stack import OwnStack, own_stack, send
from fraud_assets_tests.faults.pipeline_steps import HERE, IN_PROCESS, READ, TABLES, WRITES, large
from fraud_assets_tests.faults.strikes import committed, struck, writing
from fraud_assets_tests.faults.test_broker import HALF, struck_in_traffic
from fraud_assets_tests.faults.test_disk import CannotMount, full, small_disk
from fraud_assets_tests.faults.test_worker import TABLES as OF_A_RUN
from fraud_assets_tests.faults.test_worker import struck_in_a_process, struck_in_a_run
from fraud_assets_tests.lakes import copied

console = Console(stderr=True, highlight=False)

PAGE = """\
# What is killed, and what is lost

Parts of a running stack are killed with `kill -9`, or the disk is filled, at moments found by watching the lake's
files; then the step is run again and every table is compared with that of an undisturbed lake made from the same
records: keys, and contents but for the times of writing. `python -m bench.faults > docs/faults.md` makes this page;
`make faults` does the same, less often. `make test` sends a topic of poisoned records (noise, ten megabytes, deep
nesting, invalid UTF-8, numbers and times out of any range …), each of which is kept or quarantined with its reasons.

| Struck | When | Times | Rows lost | Rows doubled | Tables of other content |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Fault:
    """What was struck, and when."""

    struck: str
    when: str


def main(times: Annotated[int, typer.Option(min=1, help="how often each fault happens")] = 3) -> None:
    """Strike and compare; the page goes to standard output. The exit status is 0 when nothing differs."""
    happened: dict[Fault, list[Difference]] = {}
    with tempfile.TemporaryDirectory(prefix="fraud-faults-") as folder, own_stack(Path(folder, "stack")) as own:
        send(own.settings.kafka)
        empty = Path(folder, "empty")
        empty.mkdir()
        own.spark(lambda spark: create_all(spark, Lake(str(empty)), (*TABLES, *READ)))
        undisturbed = copied(empty, Path(folder, "clean"))
        own.refresh(undisturbed)
        clean = contents(undisturbed)
        for number in range(times):
            for strike in (_process, _disk, _broker, _spark, _worker):
                lake = copied(empty, Path(folder, f"{strike.__name__}-{number}"))
                for fault, found in strike(own, lake, clean):
                    console.print(f"{fault.struck}, {fault.when}: {found}")
                    happened.setdefault(fault, []).append(found)
    print(PAGE + "\n".join(_line(fault, found) for fault, found in happened.items()))
    if any(found != Difference(0, 0, ()) for each in happened.values() for found in each):
        raise typer.Exit(1)


Strike = Callable[[OwnStack, Lake, Mapping[str, pl.DataFrame]], Iterator[tuple[Fault, Difference]]]


def _spark(own: OwnStack, lake: Lake, clean: Mapping[str, pl.DataFrame]) -> Iterator[tuple[Fault, Difference]]:
    """In each step, while it writes rows; in another lake, when it has just committed them."""
    other = copied(lake, Path(f"{lake.root}-committed"))
    with large():
        for at, when, moment in ((lake, "rows being written", writing), (other, "rows just committed", committed)):
            for step, tables in WRITES.items():
                if step not in HERE:
                    with struck(at, moment(tables[0]), lambda: own.kill("spark")):
                        own.run(step, at)
                    own.whole()
                own.run(step, at)
                if step in HERE:
                    continue
                yield Fault("Spark server", f"{step}: {when}"), difference(at, clean, tables)


def _disk(own: OwnStack, lake: Lake, clean: Mapping[str, pl.DataFrame]) -> Iterator[tuple[Fault, Difference]]:
    """In each step; without the right to mount a small disk there is none."""
    with suppress(CannotMount), small_disk(Path(f"{lake.root}-small")) as disk, large():
        small = copied(lake, disk / "lake")
        for step, tables in WRITES.items():
            with suppress(PySparkException, OSError, DeltaError), full(disk):
                own.run(step, small)
            own.run(step, small)
            yield Fault("disk full", step), difference(small, clean, tables)


def _broker(own: OwnStack, lake: Lake, clean: Mapping[str, pl.DataFrame]) -> Iterator[tuple[Fault, Difference]]:
    """While one process sends and bronze reads."""
    arrived = Counter(struck_in_traffic(own, lake, f"faults-{uuid.uuid4().hex[:8]}"))
    lost, doubled = 2 * HALF - len(arrived), arrived.total() - len(arrived)
    yield Fault("Kafka broker", f"{2 * HALF:,} records being sent and read"), Difference(lost, doubled, ())


def _process(own: OwnStack, lake: Lake, clean: Mapping[str, pl.DataFrame]) -> Iterator[tuple[Fault, Difference]]:
    """In the steps whose own process writes."""
    for step, tables in WRITES.items():
        if step in IN_PROCESS:
            struck_in_a_process(own, step, lake)
        own.run(step, lake)
        if step in IN_PROCESS:
            yield Fault("the step's process", f"{step}: rows written"), difference(lake, clean, tables)


def _worker(own: OwnStack, lake: Lake, clean: Mapping[str, pl.DataFrame]) -> Iterator[tuple[Fault, Difference]]:
    """In a run that the sensor started; the daemon starts it again."""
    own.whole(["mlflow"])
    at = struck_in_a_run(own, Path(lake.root))
    yield Fault("Dagster run worker", "silver just committed"), difference(at, clean, OF_A_RUN)


def _line(fault: Fault, found: list[Difference]) -> str:
    lost, doubled = sum(each.lost for each in found), sum(each.doubled for each in found)
    changed = ", ".join(sorted({table for each in found for table in each.changed})) or "none"
    return f"| {fault.struck} | {fault.when} | {len(found)} | {lost} | {doubled} | {changed} |"


if __name__ == "__main__":
    typer.run(main)
