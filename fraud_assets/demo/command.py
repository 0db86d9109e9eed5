"""The command ``fraud demo``: options, progress and the summary; the order of work is in pipeline.py."""

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.columns import Columns
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fraud_assets.errors import FraudError
from fraud_assets.orchestration.jobs import Job
from fraud_assets.settings import Settings, settings
from fraud_assets.signals import stopped_by_signals
from fraud_assets.stack import health, operate, supervisor

if TYPE_CHECKING:
    from fraud_assets.declarations.sources.source import Source
    from fraud_assets.demo.history import History
    from fraud_assets.demo.watch import Delays, Watch

SOURCE = "cards"
LIVE_S = 40
"""Seconds of live traffic before the summary."""
LOOK_S = 5
"""Seconds between looks, after it, whether the stack still runs."""

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
        faults = _show(
            here, known or history.starting_now(customers, terminals, seed, days), known is None, rate, exit_after
        )
    finally:
        console.print("stopping the stack")
        operate.down(here)
    if faults:
        raise FraudError("the demonstration did not go well:\n" + "\n".join(f"  {fault}" for fault in faults))


def _show(here: Settings, past: "History", is_new: bool, rate: float, exit_after: bool) -> list[str]:
    """The whole demonstration; what did not go well, as lines for people."""
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.demo import history, pipeline, summary
    from fraud_assets.demo.watch import Delays, Watch, caught_up
    from fraud_assets.orchestration.run_client import launch

    source, seconds = named(SOURCE), dict[str, float]()
    stage = partial(_stage, seconds)
    with stage("start the stack"):
        operate.up(here)
    watch = Watch(here, console.print)
    if is_new:
        with stage("simulate history into Kafka"), _bar(past.period.days) as advance:
            history.remember(past, here)
            sent = pipeline.send_history(past, source, here, advance)
        console.print(
            f"  {sent.transactions:,} payments of {past.customers:,} customers in {past.period.days} days, "
            f"{sent.frauds:,} of them fraud, {sent.labels:,} known by now\n"
            f"  {sum(sent.malformed.values()):,} malformed and {sent.duplicates:,} duplicated records beside them"
        )
    pipeline.until_scored(source, here, watch, stage, is_new)
    with stage("watchlists and summaries"):
        run_ids = [launch(here, job, SOURCE) for job in (Job.REFERENCES, Job.SUMMARIES)]
        watch.until(lambda: all(run_id in watch.seen for run_id in run_ids))
    with stopped_by_signals() as stop, pipeline.live_traffic(past, source, here, rate, stop) as traffic:
        delays = Delays(here, SOURCE)
        with stage(f"live traffic, {rate:g} payments a second"):
            delays.watch(watch, stop, LIVE_S)
        if exit_after:
            stop.set()
            with stage("last refresh"):
                watch.until(lambda: delays.look() and caught_up(here, source), quietly=True)
                delays.look()
        _summarise(here, source, seconds, watch, delays)
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


def _summarise(here: Settings, source: "Source", seconds: dict[str, float], watch: "Watch", delays: "Delays") -> None:
    from fraud_assets.demo import summary

    memory = sum(part.memory_mib for part in health.status(here)) / 1024
    tables = [summary.tables(here, source), summary.champion(here, source), summary.quarantine(here)]
    console.print()
    console.print(Columns(tables, padding=(0, 6)))
    console.print()
    console.print(summary.stages(seconds, watch.seen))
    console.print(f"\nEvent to dashboard: {summary.delays(delays.seen)}")
    console.print(f"Memory of the stack: {memory:.1f} GiB")


def _addresses(here: Settings) -> None:
    console.print(f"\nDashboard  http://{here.host}:{here.streamlit_port}")
    console.print(f"Dagster    http://{here.host}:{here.dagster_port}")
    console.print(f"MLflow     {here.mlflow}")


@contextlib.contextmanager
def _stage(seconds: dict[str, float], name: str) -> Iterator[None]:
    console.print(f"[bold]{name}[/]")
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started


@contextlib.contextmanager
def _bar(days: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("  "), BarColumn(), TextColumn("{task.completed}/{task.total} days"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=days)
        yield lambda: progress.advance(task)
