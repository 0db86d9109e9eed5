"""The commands ``fraud simulate …``: options in, progress on standard error, a summary out.

What belongs here: reading options and showing results; the simulating itself is in the simulators' own packages.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from fraud_assets.console import ended, plain
from fraud_assets.errors import FraudError
from fraud_assets.settings import settings
from fraud_assets.signals import stopped_by_signals

if TYPE_CHECKING:  # imported where it is used: the simulators are heavy, and every command passes through here
    from fraud_assets.sources.cards.simulate import Sent

app = typer.Typer(help="Simulated payments, to Kafka or to a file.", no_args_is_help=True)


@app.callback()
def _simulate() -> None:
    """Simulated payments, to Kafka or to a file."""


@app.command()
def cards(
    customers: Annotated[int, typer.Option(min=1, help="customers in the world")] = 1_000,
    terminals: Annotated[int, typer.Option(min=1, help="terminals in the world")] = 2_000,
    radius: Annotated[float, typer.Option(help="how far from home customers pay; the grid's side is 100")] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="another seed, another world")] = 0,
    days: Annotated[int, typer.Option(min=1, help="whole days of history before the day of --end")] = 90,
    end: Annotated[
        datetime | None, typer.Option(help="history ends before this time (UTC)", show_default="now")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="write the history to this Parquet file")] = None,
    kafka: Annotated[bool, typer.Option("--kafka", help="send the history to Kafka")] = False,
    live: Annotated[bool, typer.Option("--live", help="go on with live payments (Kafka) after the history")] = False,
    rate: Annotated[float, typer.Option(min=0.0, help="live payments a second")] = 3.0,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="stop live payments after this long", show_default="Ctrl-C")
    ] = None,
    malformed: Annotated[float, typer.Option(min=0.0, max=1.0, help="malformed records to add, as a share")] = 0.0,
    duplicates: Annotated[
        float, typer.Option("--duplicates", "--repeats", min=0.0, max=1.0, help="records sent twice, as a share")
    ] = 0.0,
    label_delay_days: Annotated[float, typer.Option(min=0.0, help="days from a fraud to its chargeback")] = 7.0,
    partitions: Annotated[int, typer.Option(min=1, help="partitions of topics that are created")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Card payments in the rules of the Fraud Detection Handbook.

    Example: fraud simulate cards --customers 1000 --terminals 2000 --days 90 --kafka --live --rate 3

    --live alone continues a history sent before (same --seed, --days, --end): its chargebacks follow as they fall due.
    """
    from fraud_assets.output_file import check
    from fraud_assets.sources.cards.simulate import Delivery, Period, simulate_file, simulate_history, simulate_live
    from fraud_assets.sources.cards.world import World

    if not (output or kafka or live):
        raise FraudError("nothing to do: give --output FILE.parquet, --kafka, --live or several of them")
    if output:
        check(output, (".parquet",))
    world = World(customers, terminals, seed, radius)
    period = Period.ending(end.replace(tzinfo=UTC) if end else datetime.now(UTC), days)
    delivery = Delivery(
        settings().kafka,
        partitions=partitions,
        label_delay=timedelta(days=label_delay_days),
        malformed=malformed,
        duplicates=duplicates,
    )
    done: dict[str, Sent] = {}
    if output:
        with _progress("to file", period.days) as advance:
            done["file"] = simulate_file(world, period, output, advance)
    if kafka:
        with _progress("history", period.days) as advance:
            done["history"] = simulate_history(world, period, delivery, advance)
    if live:
        with _progress("live", None) as advance, stopped_by_signals() as stop:
            done["live"] = simulate_live(world, rate, delivery, stop, seconds, period, advance)
    _report(done, as_json, output)


@app.command()
def ecommerce(
    sample: Annotated[int | None, typer.Option(min=1, help="orders to write to --output")] = None,
    output: Annotated[Path | None, typer.Option(help="a file: .jsonl, .csv or .parquet")] = None,
    kafka: Annotated[bool, typer.Option("--kafka", help="send the orders of the last --hours to Kafka")] = False,
    servers: Annotated[str | None, typer.Option(help="Kafka's addresses", show_default="the stack's")] = None,
    hours: Annotated[float, typer.Option(min=0.001, help="hours of orders, 1,000 in each")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="another seed, other orders")] = 0,
    end: Annotated[datetime | None, typer.Option(help="orders end at this time (UTC)", show_default="now")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Orders of a web shop: 8 % fraud, 5 % with a field missing, 1 % sent twice, 2 % of an odd amount.

    Example: fraud simulate ecommerce --sample 10000 --output orders.jsonl
    """
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.sources.ecommerce.simulate import to_file, to_kafka

    until = end.replace(tzinfo=UTC) if end else datetime.now(UTC)
    if (sample is None) != (output is None) or not (output or kafka):
        raise FraudError("nothing to do: give --sample N with --output FILE, or --kafka, or both")
    done = {}
    if sample and output:
        done["file"] = to_file(sample, until, seed, output)
    if kafka:
        done["kafka"] = to_kafka(hours, until, seed, named("ecommerce").transactions, servers or settings().kafka)
    if as_json:
        print(json.dumps({name: asdict(made) for name, made in done.items()}))
        return
    for name, made in done.items():
        print(
            f"{output if name == 'file' else name}: {made.records:,} orders, {made.frauds:,} of them fraud, "
            f"{made.incomplete:,} lacking a field, {made.duplicates:,} duplicates"
        )


@app.command()
def sparkov(
    sample: Annotated[int, typer.Option(min=1, help="payments to write, 2,500 a day of a thousand cards")],
    output: Annotated[Path, typer.Option(help="a file: .csv in the source's layout, or .parquet")],
    seed: Annotated[int, typer.Option(min=0, help="another seed, other people and payments")] = 0,
    end: Annotated[datetime | None, typer.Option(help="they end before this day (UTC)", show_default="today")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Card payments of the kind that the Sparkov generator makes; half a per cent are fraud, over days of theft.

    Example: fraud simulate sparkov --sample 1000000 --output payments.csv
    """
    from fraud_assets.sources.sparkov.simulate import to_file

    made = to_file(sample, end.replace(tzinfo=UTC) if end else datetime.now(UTC), seed, output)
    if as_json:
        print(json.dumps({"file": asdict(made)}))
    else:
        print(f"{output}: {made.records:,} payments with {made.cards:,} cards, {made.frauds:,} of them fraud")


def _report(done: dict[str, "Sent"], as_json: bool, output: Path | None) -> None:
    if as_json:
        print(json.dumps({name: asdict(sent) | {"records": sent.records} for name, sent in done.items()}))
        return
    for name, sent in done.items():
        line = f"{output if name == 'file' else name}: {sent.transactions:,} payments, {sent.frauds:,} of them fraud"
        if name != "file":
            malformed = ", ".join(f"{count:,} {kind}" for kind, count in sent.malformed.items())
            line += f"; {sent.duplicates:,} duplicates; malformed: {malformed}"
            line += f"; {sent.labels:,} chargebacks sent, {sent.labels_due:,} due later"
        print(line)


@contextmanager
def _progress(name: str, days: int | None) -> Iterator[Callable[["Sent"], None]]:
    """A bar on standard error over ``days``, or a running count where there is no end."""
    columns: list[ProgressColumn] = [TextColumn(name)]
    columns += [SpinnerColumn()] if days is None else [BarColumn(), MofNCompleteColumn(), TextColumn("days")]
    columns += [TextColumn("{task.fields[payments]:,} payments"), TimeElapsedColumn()]
    bar = Progress(*columns, console=plain(stderr=True))
    task = bar.add_task(name, total=days, payments=0)

    def advance(sent: "Sent") -> None:
        bar.start()
        bar.update(task, advance=1, payments=sent.transactions)

    with ended(bar):
        yield advance
