"""The command ``fraud query``."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fraud_assets.settings import settings


def query(
    sql: Annotated[str, typer.Argument(help="one SQL statement; tables as layer.name")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON list of objects, for programs")] = False,
) -> None:
    """Ask the lake's tables by their names; needs no running stack.

    Example: fraud query "select decision, count(*) from gold.scores group by 1"
    """
    from fraud_assets.lake.query import query as ask  # DuckDB and Polars, which no other command needs

    answer = ask(sql, settings().lake)
    if as_json:
        print(json.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows], default=str))
        return
    shown = Table(*answer.columns, box=None)
    for row in answer.rows:
        shown.add_row(*(str(value) for value in row))
    Console().print(shown)
