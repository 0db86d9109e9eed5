"""The commands ``fraud up``, ``fraud down``, ``fraud status`` and ``fraud part``."""

import dataclasses
import json
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fraud_assets.errors import START, FraudError
from fraud_assets.settings import settings
from fraud_assets.stack import health, jars, operate
from fraud_assets.stack.parts import parts

STYLES = {"ready": "green", "starting": "yellow", "stopped": "dim", "failing": "red", "unreachable": "red"}


def up() -> None:
    """Start the stack, detached, and wait until every part is healthy; a wrong source file stops it before.

    Example: fraud up
    """
    from fraud_assets.declarations.sources.source import catalogue

    catalogue()
    operate.up(settings())
    print(f"Dagster    {settings().dagster}")
    print(f"Dashboard  http://{settings().host}:{settings().streamlit_port}")
    print(f"MLflow     {settings().mlflow}")


def down() -> None:
    """Stop the stack and everything it started.

    Example: fraud down
    """
    stopped = operate.down(settings())
    print(f"stopped {stopped} processes" if stopped else "nothing was running")


def status(as_json: Annotated[bool, typer.Option("--json", help="one JSON list, for programs")] = False) -> None:
    """Show the state of every part of the stack; exit status 1 unless all are ready.

    Example: fraud status --json
    """
    rows = health.status(settings())
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows]))
    else:
        Console().print(table(rows))
    if all(row.state == "stopped" for row in rows):
        raise FraudError(f"the stack is not started; {START}")
    if any(row.state != health.READY for row in rows):
        raise typer.Exit(1)


def part(
    name: Annotated[str, typer.Argument(help="a part's name, as `fraud status` shows it")],
    check: Annotated[bool, typer.Option("--check", help="only check its health: exit status 0 or 1")] = False,
) -> None:
    """Run one part of the stack in the foreground, supervised by a container or systemd.

    Example: fraud part kafka
    """
    everything = {part.name: part for part in parts(settings())}
    if name not in everything:
        raise FraudError(f"there is no part '{name}'; there are: {', '.join(everything)}")
    chosen = everything[name]
    if check:
        raise typer.Exit(0 if chosen.healthy() else 1)
    jars.ensure()
    chosen.prepare()
    os.execvpe(chosen.command[0], chosen.command, {**os.environ, **settings().given(), **chosen.environment})


def table(rows: list[health.Health]) -> Table:
    """The states for a person."""
    shown = Table("part", "state", "address", "pid", "up", "memory", box=None)
    for row in rows:
        shown.add_row(
            row.name,
            f"[{STYLES[row.state]}]{row.state}[/]",
            row.address + (" (external)" if row.external else ""),
            str(row.pid or ""),
            f"{row.uptime_s // 60}:{row.uptime_s % 60:02}" if row.pid else "",
            f"{row.memory_mib} MiB" if row.memory_mib else "",
        )
    return shown
