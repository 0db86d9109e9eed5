"""The commands ``fraud query`` and ``fraud export``."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from fraud_assets.console import ended, plain
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings


class Form(StrEnum):
    """The formats of an export."""

    CSV = "csv"
    PARQUET = "parquet"


def query(
    sql: Annotated[str, typer.Argument(help="one SQL statement; tables as layer.name")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON list of objects, for programs")] = False,
) -> None:
    """Ask the lake's tables by their names; needs no running stack.

    Example: fraud query "select decision, count(*) from gold.scores group by 1"
    """
    from fraud_assets.lake.query import query as ask  # DuckDB and Polars, which no other command needs

    answer = ask(sql, Lake.of(settings()))
    if as_json:
        print(answer.json())
        return
    shown = Table(*answer.columns, box=None)
    for row in answer.rows:
        shown.add_row(*map(str, row))
    plain().print(shown)


def export(
    to: Annotated[Path, typer.Option(help="a folder of this export's own; made if missing")],
    table: Annotated[str, typer.Argument(help="a table as layer.name; not with --preset")] = "",
    form: Annotated[Form, typer.Option("--format", help="what a warehouse loads")] = Form.PARQUET,
    source: Annotated[str, typer.Option(help="rows of this source only; all sources without it")] = "",
    version: Annotated[int | None, typer.Option(min=0, help="a version of the table; the newest without it")] = None,
    preset: Annotated[
        str, typer.Option(help="RAW_TRANSACTIONS, CLEANED_TRANSACTIONS or HOURLY_CATEGORY_SUMMARY, of source ecommerce")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="the manifest on standard output, for programs")] = False,
) -> None:
    """Write a version of a table as files with a manifest (version, rows, checksums); needs no running stack.

    Called again it goes on where it stopped, and writes nothing that is already there.

    Example: fraud export gold.scores --format csv --to exports/scores
    """
    from fraud_assets.lake import export as exports  # DuckDB and Polars, which no other command needs

    if bool(table) == bool(preset):
        raise FraudError("export: give either a table, for example gold.scores, or --preset")
    chosen = exports.preset(preset) if preset else exports.named(table)
    of = source or (exports.PRESET_SOURCE if preset else None)
    console = plain(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(chosen.full_name)

    def advance(done: int, parts: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=parts)

    with ended(bar):
        manifest = exports.export(chosen, form.value, to, Lake.of(settings()), of, version, advance)
    if as_json:
        print(json.dumps(asdict(manifest)))
    files = f"{len(manifest.parts)} file{'' if len(manifest.parts) == 1 else 's'}"
    console.print(f"{manifest.table} version {manifest.version}: {manifest.rows:,} rows in {files} in {to}")
