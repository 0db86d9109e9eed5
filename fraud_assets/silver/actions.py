"""What people do about quarantined records: fix, replay, discard; each is a row of silver.quarantine_actions.

What belongs here: writing actions, each on an open case, one a failed reading. Silver reads fixes and replays again on
its next run (``replays.py``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.errors import START, FraudError
from fraud_assets.lake import writing
from fraud_assets.lake.location import Lake
from fraud_assets.silver.quarantine import Id, State, cases, chosen
from fraud_assets.silver.replays import DISCARD, FIX, REPLAY

_TRIES = 20


@dataclass(frozen=True)
class Chosen:
    """Which open cases of a source an action is about: those with one of the ids, or one of whose reasons holds a text.

    Neither means all of them.
    """

    source: str
    ids: tuple[Id, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class By:
    """Who acts, and why."""

    who: str
    why: str


def fix(wanted: Chosen, edit: Callable[[str, bytes | None], bytes], by: By, lake: Lake, expression: str = "") -> int:
    """Have silver read the chosen cases with another value; returns how many.

    ``edit`` gives the new value for a stream's name and the present value; ``expression`` is what it does, for the
    audit.

    Raises:
        FraudError: there is no such open case, ``edit`` raised one, or a value would stay as it is.
    """

    def edited(found: pl.DataFrame) -> pl.DataFrame:
        pairs = zip(found["stream"], found["value"], strict=True)
        values = pl.Series("value", [edit(stream, value) for stream, value in pairs], pl.Binary)
        same = found.filter(found["value"].eq_missing(values))
        if not same.is_empty():
            raise FraudError(f"fix: {_id(same)} would stay as it is; to read it again unchanged: replay")
        return found.with_columns(values)

    return _act(FIX, wanted, by, lake, edited, expression)


def replay(wanted: Chosen, by: By, lake: Lake) -> int:
    """Have silver read the chosen cases again as they are, after a mapping was corrected; returns how many.

    Raises:
        FraudError: there is no such open case.
    """
    return _act(REPLAY, wanted, by, lake)


def discard(wanted: Chosen, by: By, lake: Lake) -> int:
    """Give the chosen cases up; returns how many.

    Raises:
        FraudError: there is no such open case.
    """
    return _act(DISCARD, wanted, by, lake)


def _act(
    action: str,
    wanted: Chosen,
    by: By,
    lake: Lake,
    change: Callable[[pl.DataFrame], pl.DataFrame] = lambda found: found,
    expression: str = "",
) -> int:
    if not by.why.strip():
        raise FraudError(f"{action}: say why; the reason is kept with the action")
    for _ in range(_TRIES):
        log = lake.opened(silver.QUARANTINE_ACTIONS)
        if log is None:
            raise FraudError(
                f"{action}: this lake has no silver.quarantine_actions yet; {START}, then `fraud run refresh`"
            )
        found = change(_open(wanted, lake, action))
        rows = found.with_columns(
            pl.col("attempt") + 1,
            pl.lit(action).alias("action"),
            pl.lit(expression or None, pl.String).alias("expression"),
            pl.lit(by.who).alias("who"),
            pl.lit(by.why.strip()).alias("why"),
            pl.lit(datetime.now(UTC)).alias("acted_at"),
        )
        if writing.append_if_unchanged(silver.QUARANTINE_ACTIONS, rows, log):
            return rows.height
    raise FraudError(f"{action}: others keep acting on the quarantine at the same time; try again")


def _open(wanted: Chosen, lake: Lake, action: str) -> pl.DataFrame:
    frame = cases(wanted.source, lake)
    if frame is None:
        raise FraudError(
            f"{action}: this lake has no quarantine yet; {START}, then `fraud run refresh --source {wanted.source}`"
        )
    found = chosen(frame, wanted.ids, wanted.reason).collect()
    missing = set(wanted.ids) - {Id(*row) for row in found.select("topic", "partition", "offset").iter_rows()}
    if missing:
        raise FraudError(f"{action}: {min(missing)} is not in the quarantine of {wanted.source}")
    still = found.filter(pl.col("state") == str(State.OPEN))
    closed = found.filter(pl.col("state") != str(State.OPEN))
    if wanted.ids and not closed.is_empty():
        raise FraudError(f"{action}: {_id(closed)} is {closed['state'][0]}, only open records can be acted on")
    if still.is_empty():
        what = f" with a reason like '{wanted.reason}'" if wanted.reason else ""
        raise FraudError(f"{action}: no open record of {wanted.source}{what}; see `fraud quarantine list`")
    return still


def _id(rows: pl.DataFrame) -> Id:
    return Id(*rows.select("topic", "partition", "offset").row(0))
