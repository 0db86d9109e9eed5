"""The commands ``fraud quarantine …``: what is in quarantine, and what is done about it.

What belongs here: reading options and showing results.
"""

import getpass
import json
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from fraud_assets.console import plain
from fraud_assets.errors import START, FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings

if TYPE_CHECKING:  # imported where it is used: Polars and Spark's client are heavy, and every command passes here
    from fraud_assets.silver.actions import Chosen
    from fraud_assets.silver.quarantine import Id

app = typer.Typer(help="Quarantine: list, look at, fix, replay or discard records.", no_args_is_help=True)


class Shown(StrEnum):
    """The cases that a list is about."""

    OPEN = "open"
    WAITING = "waiting"
    DISCARDED = "discarded"
    RELEASED = "released"
    ALL = "all"


Ids = Annotated[list[str] | None, typer.Argument(help="records as topic/partition/offset", show_default=False)]
OfSource = Annotated[str, typer.Option("--source", help="the source; that of the first record's topic without it")]
OfReason = Annotated[str, typer.Option("--reason", help="all open records with this text in a reason")]
Why = Annotated[str, typer.Option("--why", help="the reason, kept with the action")]
Who = Annotated[str, typer.Option("--who", help="who acts; you without it", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, for programs")]


@app.command(name="list")
def list_(
    source: Annotated[str, typer.Option(help="one source; all without it")] = "",
    reason: Annotated[str, typer.Option(help="records with this text in a reason")] = "",
    state: Annotated[Shown, typer.Option(help="how the records stand")] = Shown.OPEN,
    most: Annotated[int, typer.Option(min=1, help="records to list, newest first")] = 50,
    as_json: AsJson = False,
) -> None:
    """Quarantined records with every reason, and the reconciliation of each stream; needs no running stack.

    Example: fraud quarantine list --source cards --reason amount
    """
    from fraud_assets.silver.quarantine import Id, State, cases, chosen
    from fraud_assets.silver.reconciliation import reconcile

    states = tuple(State) if state is Shown.ALL else (State(state.value),)
    reconciled, records, total = [], list[dict[str, Any]](), 0
    for name in [_known(source)] if source else _sources():
        reconciled += [(name, line) for line in reconcile(name, Lake.of(settings())) if line.version is not None]
        frame = cases(name, Lake.of(settings()))
        if frame is None:
            continue
        found = chosen(frame, reason=reason, states=states).drop("key", "value").collect()
        total += found.height
        newest = found.sort("quarantined_at", "offset", descending=True).head(most)
        records += [
            {"id": str(Id(row["topic"], row["partition"], row["offset"])), **row}
            for row in newest.iter_rows(named=True)
        ]
    records = records[:most]
    if as_json:
        lines = [{"source": name, **asdict(line), "balanced": line.balanced} for name, line in reconciled]
        print(json.dumps({"reconciliation": lines, "total": total, "records": records}, default=str))
        return
    console = plain()
    if records:
        shown = Table("record", "state", "stream", "reasons", "since", box=None)
        for row in records:
            since = f"{row['quarantined_at']:%Y-%m-%d %H:%M:%S}"
            shown.add_row(row["id"], row["state"], row["stream"], "; ".join(row["reasons"]), since)
        console.print(shown)
    none = "no such record in quarantine" if reconciled else f"silver has read nothing yet; {START}"
    console.print(f"{len(records):,} of {total:,} records" if total else none)
    for name, line in reconciled:
        console.print(f"{name} {line}", soft_wrap=True)


@app.command()
def show(
    record: Annotated[str, typer.Argument(help="the record as topic/partition/offset")],
    source: OfSource = "",
    as_json: AsJson = False,
) -> None:
    """What happened to one record: its bytes as text, every reason, and who did what; needs no running stack.

    Example: fraud quarantine show cards-transactions/0/17
    """
    from fraud_assets.silver.quarantine import Id, as_text, cases, chosen, history

    which = Id.parse(record)
    name = _source((which,), source)
    frame = cases(name, Lake.of(settings()))
    found = None if frame is None else chosen(frame, (which,)).select("state", "stream", "kafka_time").collect()
    if found is None or found.is_empty():
        raise FraudError(f"{which} is not in the quarantine of {name}")
    state, stream, sent = found.row(0)
    events = [
        {n: v for n, v in row.items() if v is not None} for row in history(name, which, Lake.of(settings())).to_dicts()
    ]
    for event in events:
        event["value"] = as_text(event.get("value"), most=100_000)
    if as_json:
        about = {"id": str(which), "source": name, "stream": stream, "state": state, "kafka_time": sent}
        print(json.dumps({**about, "history": events}, default=str))
        return
    console = plain()
    console.print(f"{which} of {name}, {stream}, sent {sent:%Y-%m-%d %H:%M:%S}: {state}")
    for event in events:
        by = f" by {event['who']}: {event['why']}" if "who" in event else ""
        with_ = f" with {event['expression']}" if "expression" in event else ""
        console.print(f"\n{event['at']:%Y-%m-%d %H:%M:%S} {event['what']}{with_}{by}")
        for reason in event.get("reasons", ()):
            console.print(f"  - {reason}")
        console.print(f"  {event['value']}", soft_wrap=True)


@app.command()
def fix(
    why: Why,
    ids: Ids = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="field=expression over the record's fields (docs/expressions.md)", show_default=False
        ),
    ] = None,
    value: Annotated[str, typer.Option(help="the whole record as it should be; for one record")] = "",
    source: OfSource = "",
    reason: OfReason = "",
    who: Who = "",
    as_json: AsJson = False,
) -> None:
    """Have silver read records with another value, on its next run; the one that was sent is kept.

    Example: fraud quarantine fix --source cards --reason "is negative" --set "amount=abs(amount)" --why "a sign error"
    """
    from fraud_assets.declarations.sources.source import named
    from fraud_assets.silver import actions, patch

    wanted = _chosen("fix", ids, source, reason)
    if bool(set_) == bool(value):
        raise FraudError("fix: give either --set field=expression or --value RECORD")
    if value and len(wanted.ids) != 1:
        raise FraudError("fix: --value is the whole of one record; name that record")
    edit = (lambda *_: value.encode()) if value else patch.patching(named(wanted.source), set_ or [])
    done = actions.fix(wanted, edit, actions.By(_who(who), why), Lake.of(settings()), "; ".join(set_ or []))
    _tell("fixed", done, wanted.source, as_json)


@app.command()
def replay(
    why: Why, ids: Ids = None, source: OfSource = "", reason: OfReason = "", who: Who = "", as_json: AsJson = False
) -> None:
    """Have silver read records again as they are, on its next run: after a source's file was corrected.

    Example: fraud quarantine replay --source cards --reason "event_time is not a timestamp" --why "mapping corrected"
    """
    from fraud_assets.silver import actions

    wanted = _chosen("replay", ids, source, reason)
    done = actions.replay(wanted, actions.By(_who(who), why), Lake.of(settings()))
    _tell("replayed", done, wanted.source, as_json)


@app.command()
def discard(
    why: Why, ids: Ids = None, source: OfSource = "", reason: OfReason = "", who: Who = "", as_json: AsJson = False
) -> None:
    """Give records up, for good; they stay in the tables, with who did it and why.

    Example: fraud quarantine discard cards-transactions/0/17 --why "a test of the shop's"
    """
    from fraud_assets.silver import actions

    wanted = _chosen("discard", ids, source, reason)
    done = actions.discard(wanted, actions.By(_who(who), why), Lake.of(settings()))
    _tell("discarded", done, wanted.source, as_json)


def _chosen(action: str, texts: list[str] | None, source: str, reason: str) -> "Chosen":
    from fraud_assets.silver.actions import Chosen
    from fraud_assets.silver.quarantine import Id

    ids = tuple(Id.parse(text) for text in texts or ())
    if not ids and not reason:
        raise FraudError(f"{action}: name records, or give --source and --reason for all that have it")
    return Chosen(_source(ids, source), ids, reason)


def _source(ids: "tuple[Id, ...]", given: str) -> str:
    """The source given, or that of the first record's topic."""
    from fraud_assets.declarations.sources.source import catalogue

    if given:
        return _known(given)
    if not ids:
        raise FraudError("give --source, or name records")
    found = [name for name, source in catalogue().items() if ids[0].topic in source.topics]
    if not found:
        raise FraudError(f"no source has topic {ids[0].topic}; give --source")
    return found[0]


def _known(source: str) -> str:
    from fraud_assets.declarations.sources.source import named

    return named(source).name


def _sources() -> list[str]:
    from fraud_assets.declarations.sources.source import catalogue

    return list(catalogue())


def _who(given: str) -> str:
    return given or getpass.getuser()


def _tell(done: str, records: int, source: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({done: records, "source": source}))
        return
    then = "" if done == "discarded" else f"; silver reads them on its next run: fraud run refresh --source {source}"
    print(f"{done} {records:,} of {source}{then}")
