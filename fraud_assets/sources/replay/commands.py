"""The command ``fraud replay``: options in, live progress on standard error, a JSON report out."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fraud_assets.console import ended, plain
from fraud_assets.settings import settings
from fraud_assets.signals import stopped_by_signals

if TYPE_CHECKING:  # imported where it is used: every command passes through here
    from fraud_assets.sources.replay.replay import Batch, Report


def replay(
    source: Annotated[str, typer.Argument(help="the source whose records the file holds; see `fraud source list`")],
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines or Parquet; .gz too")],
    batch: Annotated[int, typer.Option(min=1, help="records in a batch; 500 to 1,000 suit most brokers")] = 1_000,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="records a second", show_default="as fast as Kafka takes them")
    ] = None,
    missing: Annotated[float, typer.Option(min=0.0, max=1.0, help="share of records that lose a field")] = 0.0,
    duplicates: Annotated[
        float, typer.Option("--duplicates", "--repeats", min=0.0, max=1.0, help="share of records sent twice")
    ] = 0.0,
    late: Annotated[float, typer.Option(min=0.0, max=1.0, help="share of records sent some batches late")] = 0.0,
    late_batches: Annotated[int, typer.Option(min=1, help="how many batches late")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="another seed, other records missing, duplicated, late")] = 0,
    servers: Annotated[str | None, typer.Option(help="Kafka's addresses", show_default="the stack's")] = None,
) -> None:
    """Send a file to a source's topic as a stream, and report what was sent as JSON.

    A batch with more than 1 % fraud is warned of, where the label is a field of the records. Ctrl-C ends it after the
    batch under way.

    Example: fraud replay ulb creditcard.parquet --batch 500 --rate 2000 --duplicates 0.01
    """
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.sources.replay.replay import replay as send
    from fraud_assets.sources.replay.variations import Variations

    variations = Variations(missing, duplicates, late, late_batches, seed)
    stream = named(source).transactions
    with _progress() as progress, stopped_by_signals() as stop:
        report = send(file, stream, servers or settings().kafka, batch, rate, variations, stop, progress)
    print(json.dumps(report.summary()))


@contextmanager
def _progress() -> Iterator[Callable[["Batch", "Report"], None]]:
    """A line on standard error that follows the replay; the first batch with much fraud is warned of above it."""
    fields = (
        "{task.fields[records]:,} records · {task.fields[speed]:,.0f}/s · latency {task.fields[latency]} · "
        "quality {task.fields[quality]:.1%} · fraud {task.fields[fraud]} · {task.fields[alarming]:,} warnings"
    )
    console = plain(stderr=True)
    start = {"records": 0, "speed": 0.0, "latency": "-", "quality": 1.0, "fraud": "-", "alarming": 0}
    bar = Progress(SpinnerColumn(), TextColumn(fields), TimeElapsedColumn(), console=console)
    task = bar.add_task("replay", total=None, **start)  # type: ignore[arg-type]

    def advance(batch: "Batch", report: "Report") -> None:
        bar.start()
        if batch.alarming and report.alarming_batches == 1:
            console.print(
                f"warning: batch {batch.number:,} holds {batch.fraud_rate:.1%} fraud, above 1 %; more such batches "
                "are only counted"
            )
        if batch.latency_s is not None:
            bar.update(task, latency=f"{batch.latency_s * 1000:.0f} ms")
        bar.update(
            task,
            records=report.records,
            speed=report.records_per_s,
            quality=batch.quality,
            fraud=f"{batch.fraud_rate:.2%}" if report.labelled else "not known",
            alarming=report.alarming_batches,
        )

    with ended(bar):
        yield advance
