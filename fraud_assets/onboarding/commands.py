"""The commands ``fraud source …``: a source drafted from a sample, checked, listed.

What belongs here: reading options and showing results.
"""

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from fraud_assets.console import plain
from fraud_assets.errors import FraudError
from fraud_assets.settings import settings

if TYPE_CHECKING:  # imported where it is used: every command passes through here
    from fraud_assets.declarations.sources.source import Source
    from fraud_assets.silver.trial import Trial

app = typer.Typer(help="Sources: draft one from a sample, check it, list them.", no_args_is_help=True)


@app.command(name="list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="one JSON list, for programs")] = False) -> None:
    """Every source there is, its topics and format.

    Example: fraud source list
    """
    from fraud_assets.declarations.sources.source import catalogue

    found = [
        {"name": s.name, "topics": s.topics, "format": s.transactions.format, "description": s.description}
        for s in catalogue().values()
    ]
    if as_json:
        print(json.dumps(found))
        return
    shown = Table("source", "format", Column("topics", no_wrap=True), "description", box=None)
    for s in found:
        shown.add_row(str(s["name"]), str(s["format"]), "\n".join(s["topics"]), str(s["description"]))
    plain().print(shown)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="the source's name: small letters, digits and _")],
    sample: Annotated[Path, typer.Option(help="CSV, JSON lines or Parquet; .gz too")],
    output: Annotated[
        Path | None, typer.Option(help="the file to write", show_default="NAME.yaml among the sources")
    ] = None,
) -> None:
    """Draft a source from a sample of its records; a person completes it.

    Example: fraud source new shop --sample payments.csv
    """
    from fraud_assets import output_file
    from fraud_assets.declarations.sources.source import load
    from fraud_assets.onboarding.draft import draft, look

    path = output or settings().sources / f"{name}.yaml"
    if path.exists():
        raise FraudError(f"{path} exists\ngive another name, or --output FILE")
    if path.stem != name:
        raise FraudError(f"a source's file has its name: call it {name}.yaml, not {path.name}")
    output_file.check(path, (".yaml",))
    path.write_text(draft(name, look(sample)))
    try:
        load(path)
    except FraudError:
        path.unlink()  # a draft that cannot be loaded would stop every command that lists the sources
        raise
    print(f"wrote {path}\nlook at every line of it, then: fraud source check {output or name} --sample {sample}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="a source's YAML file, or its name among the sources")],
    sample: Annotated[Path | None, typer.Option(help="records to try it on: CSV, JSON lines or Parquet")] = None,
    records: Annotated[int, typer.Option(min=1, help="how many of the sample's records to try")] = 1_000,
) -> None:
    """Check a source's file, and what it makes of sample records: what maps, what is missing, what fails.

    It needs no running stack.

    The exit status is 1 when the file is wrong or no record of the sample can be trusted.

    Example: fraud source check ulb --sample creditcard.parquet
    """
    from fraud_assets.declarations.sources.source import load
    from fraud_assets.sources.files import records as read

    known = settings().sources / f"{file.name}.yaml"
    file = known if not file.exists() and known.exists() else file
    if not file.exists():
        there = ", ".join(sorted(path.stem for path in settings().sources.glob("*.yaml")))
        raise FraudError(f"no source '{file}', nor a file of that name; there are: {there}")
    source = load(file)
    values = [record.value for record in islice(read(sample, source.transactions), records)] if sample else []
    if sample and not values:
        raise FraudError(f"{sample} holds no records; give a file with some")
    if not sample:
        print(f"{file.name}: sound; try it on records with --sample FILE")
        return
    from fraud_assets.silver.trial import tried

    trial = tried(source, values)
    _show(source, trial)
    if not trial.trusted:
        raise typer.Exit(1)


def _show(source: "Source", trial: "Trial") -> None:
    from fraud_assets.declarations.sources.stream import mapped_columns
    from fraud_assets.declarations.tables import silver

    console, stream = plain(), source.transactions
    maps = Table("column", "from", "filled", "example", box=None)
    for name, expression in stream.columns.items():
        share = f"{trial.filled[name]:,} of {trial.records:,}"
        maps.add_row(name, expression, share, trial.examples[name][:40])
    console.print(maps)
    absent = [name for name in mapped_columns(silver.TRANSACTIONS) if name not in stream.columns]
    console.print(f"\nnot mapped: {', '.join(absent) or 'nothing'}")
    if trial.reasons:
        fails = Table("reason", "records", "first of them", box=None)
        for reason, count in trial.reasons.most_common():
            fails.add_row(reason, f"{count:,}", trial.failing[reason][:60])
        console.print()
        console.print(fails)
    console.print(
        f"\n{trial.trusted:,} of the first {trial.records:,} records can be trusted; the others go to quarantine"
    )
