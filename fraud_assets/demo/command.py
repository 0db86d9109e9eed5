"""The command ``fraud demo``; what belongs here is the order of the demonstration.

What is done is done by the parts that do it for everybody: the stack, the simulator, the sensor and the jobs.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated

import typer
from rich.columns import Columns
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fraud_assets.errors import FraudError
from fraud_assets.orchestration.jobs import Job
from fraud_assets.settings import Settings, settings
from fraud_assets.stack import health, operate, supervisor

if TYPE_CHECKING:
    from fraud_assets.demo.history import History
    from fraud_assets.demo.watch import Delays, Watch

SOURCE = "cards"
MALFORMED, REPEATS = 0.001, 0.002
"""Shares of malformed and repeated records, so that quarantine has something to show."""
LIVE_S = 40
"""How long live traffic is watched before the summary."""
LOOK_S = 5
"""How often, after it, whether the stack is still there."""

console = Console(highlight=False)


def demo(
    customers: Annotated[int, typer.Option(min=1, help="customers in the simulated world")] = 1_000,
    terminals: Annotated[int, typer.Option(min=1, help="terminals in the simulated world")] = 2_000,
    days: Annotated[int, typer.Option(min=43, help="days of history; a first model needs 42")] = 90,
    seed: Annotated[int, typer.Option(min=0, help="another seed, another world")] = 0,
    rate: Annotated[float, typer.Option(min=0.1, help="live payments a second")] = 3.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="remove the lake and the stack's state first")] = False,
    exit_after: Annotated[bool, typer.Option("--exit", help="stop everything after the summary")] = False,
) -> None:
    """Show the whole lakehouse: start the stack, simulate history, refresh, train, score, then live traffic.

    Run again, it goes on from the lake it finds. Exit status 0 only if every asset and every check passed.

    Example: fraud demo --exit
    """
    from fraud_assets.demo import history  # Polars and Kafka, which most commands do without

    here = settings()
    if fresh:
        operate.down(here)
        history.forget(here)
    try:
        known = history.remembered(here)
        faults = _show(here, known or history.begun(customers, terminals, seed, days), known is None, rate, exit_after)
    finally:
        console.print("stopping the stack")
        operate.down(here)
    if faults:
        raise FraudError("the demonstration did not go well:\n" + "\n".join(f"  {fault}" for fault in faults))


def _show(here: Settings, past: "History", is_new: bool, rate: float, exit_after: bool) -> list[str]:
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.demo import history, summary
    from fraud_assets.demo.watch import Delays, Watch, caught_up
    from fraud_assets.orchestration.run_client import launch
    from fraud_assets.sources.cards.simulate import Delivery, simulate_history, simulate_live

    source, seconds = named(SOURCE), dict[str, float]()
    with _stage("start the stack", seconds):
        operate.up(here)
    watch = Watch(here, console.print)
    delivery = Delivery(here.kafka, label_delay=source.label_delay, malformed=MALFORMED, repeats=REPEATS)
    if is_new:
        with _stage("simulate history into Kafka", seconds), _bar(past.period.days) as advance:
            history.remember(past, here)
            sent = simulate_history(past.world, past.period, delivery, lambda _: advance())
        console.print(
            f"  {sent.transactions:,} payments of {past.customers:,} customers in {past.period.days} days, "
            f"{sent.frauds:,} of them fraud, {sent.labels:,} known by now\n"
            f"  {sum(sent.malformed.values()):,} malformed and {sent.repeats:,} repeated records beside them"
        )
    with _stage("refresh: Kafka to features, started by the sensor", seconds):
        watch.until(lambda: caught_up(here, source) and bool(watch.seen or not is_new))
    if summary.champion(here, source).row_count == 0:
        with _stage("train", seconds):
            launch(here, Job.TRAIN, SOURCE)
            watch.until(lambda: any(run.job == Job.TRAIN for run in watch.seen.values()))
        with _stage("score the history", seconds):
            run_id = launch(here, Job.REFRESH, SOURCE)
            watch.until(lambda: run_id in watch.seen)
    with _stage("lists and summaries", seconds):
        started = [launch(here, job, SOURCE) for job in (Job.REFERENCES, Job.SUMMARIES)]
        watch.until(lambda: all(run_id in watch.seen for run_id in started))
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool, _ending(stop):
        traffic = pool.submit(simulate_live, past.world, rate, delivery, stop, None, past.period)
        traffic.add_done_callback(lambda _: stop.set())
        delays = Delays(here, SOURCE)
        with _stage(f"live traffic, {rate:g} payments a second", seconds):
            _watch_live(watch, delays, stop, LIVE_S)
        if exit_after:
            stop.set()
            with _stage("last refresh", seconds):
                watch.until(lambda: delays.look() and caught_up(here, source), quietly=True)
                delays.look()
        memory = sum(part.memory_mib for part in health.status(here)) / 1024
        console.print()
        console.print(
            Columns(
                [summary.tables(here, source), summary.champion(here, source), summary.quarantine(here)], padding=(0, 6)
            )
        )
        console.print()
        console.print(summary.stages(seconds, watch.seen))
        console.print(f"\nEvent to dashboard: {summary.delays(delays.seen)}")
        console.print(f"Memory of the stack: {memory:.1f} GiB")
        if exit_after:
            console.print("\nThe lake stays; `fraud up` starts the stack again, with the dashboard that shows it.")
        else:
            _addresses(here)
            console.print(
                "\nLive traffic goes on; Ctrl-C stops it and the stack. The lake stays: `fraud up` brings it back."
            )
            while not stop.wait(LOOK_S):
                if supervisor.connect(here) is None:
                    raise FraudError("the stack was stopped beside the demonstration; the lake stays, see `fraud up`")
            watch.until(lambda: caught_up(here, source), quietly=True)
        faults = summary.faults(here, source, watch.seen)
        traffic.result()
    return faults


def _watch_live(watch: "Watch", delays: "Delays", stop: threading.Event, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop.wait(0.5):
        watch.look(quietly=True)
        delays.look()


def _addresses(here: Settings) -> None:
    console.print(f"\nDashboard  http://{here.host}:{here.streamlit_port}")
    console.print(f"Dagster    http://{here.host}:{here.dagster_port}")
    console.print(f"MLflow     {here.mlflow}")


@contextlib.contextmanager
def _stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    console.print(f"[bold]{name}[/]")
    began = time.monotonic()
    yield
    seconds[name] = time.monotonic() - began


@contextlib.contextmanager
def _bar(days: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("  "), BarColumn(), TextColumn("{task.completed}/{task.total} days"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=days)
        yield lambda: progress.advance(task)


@contextlib.contextmanager
def _ending(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the traffic, and with it the demonstration."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        stop.set()
        for number, handler in before.items():
            signal.signal(number, handler)
