"""The commands ``fraud reference …``: what the lists hold, and loading one now."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from fraud_assets.console import plain
from fraud_assets.errors import START, FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings

app = typer.Typer(
    help="References: blocked addresses, suspicious cards and merchants, countries of addresses.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="blocked_ips, suspicious_cards, suspicious_merchants or ip_countries")]
Of = Annotated[str, typer.Option(help="the source whose payments it is about")]


@app.command()
def load(
    name: Name,
    place: Annotated[str, typer.Argument(help="a CSV file or its URL; that of the setting without it")] = "",
    source: Of = "cards",
) -> None:
    """Bring a list up to a file; the running stack does so each hour with the files that settings name.

    Example: fraud reference load suspicious_cards cards.csv --source cards
    """
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.watchlists import load as loading
    from fraud_assets.watchlists.lists import named as list_named

    of = list_named(name)
    if not (place or of.place(settings())):
        raise FraudError(f"{name}: no file; give one, or set FRAUD_{name.upper()}")
    done = loading.load(of, place or of.place(settings()), named(source).name, Lake.of(settings()))
    console = plain()
    console.print(
        f"{name} of {source}: {done.changed:,} opened or revised, {done.closed:,} closed, {done.unchanged:,} unchanged"
    )
    if file := loading.report(done, settings().runtime / "references"):
        console.print(f"{len(done.bad):,} bad lines, the first in line {done.bad[0].line}: {done.bad[0].problem}")
        console.print(f"all of them: {file}", soft_wrap=True)


@app.command(name="list")
def list_(
    name: Name,
    source: Of = "cards",
    at: Annotated[datetime | None, typer.Option(help="as it was at this time (UTC)", show_default="now")] = None,
    most: Annotated[int, typer.Option(min=1, help="entries to list")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs")] = False,
) -> None:
    """The entries of a list that count, newest first; needs no running stack.

    Example: fraud reference list suspicious_cards --at 2026-01-31
    """
    import polars as pl

    from fraud_assets.declarations.sources.source import named
    from fraud_assets.watchlists.lists import named as list_named
    from fraud_assets.watchlists.load import revisions
    from fraud_assets.watchlists.revise import in_force

    of = list_named(name)
    held = revisions(named(source).name, Lake.of(settings()))
    if held is None:
        raise FraudError(f"this lake has no references yet; {START}, then `fraud run references --source {source}`")
    moment = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    found = in_force(held.filter(pl.col("list") == of.name).collect(), moment).sort(
        "known_at", "entry", descending=True
    )
    columns = ["entry", "country", "why", "valid_from", "valid_to", "known_at"]
    rows = found.select(columns).head(most).rows(named=True)
    if as_json:
        print(json.dumps({"total": found.height, "entries": rows}, default=str))
        return
    shown = Table(*columns, box=None)
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row.values()))
    console = plain()
    console.print(shown)
    console.print(f"{len(rows):,} of {found.height:,} entries")
