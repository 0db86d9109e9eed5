"""Quarantined records as cases, with their state.

Each failed attempt to read a record is a row of silver.quarantine. An action on failed attempt n is stored as attempt
n + 1; a case without that action is open. What belongs here: reading cases; acting on them is in ``actions.py``.
"""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.errors import FraudError
from fraud_assets.lake import cursor, reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.replays import DISCARD
from fraud_assets.silver.streams import STREAMS

RECORD = ["topic", "partition", "offset"]
_DONE = ["action", "expression", "who", "why", "acted_at"]
_PLACE = pl.Schema({"topic": pl.String, "partition": pl.Int32, "offset": pl.Int64})
_NO_ACTIONS = pl.LazyFrame(
    schema=dict(_PLACE)
    | {"attempt": pl.Int32}
    | dict.fromkeys(_DONE, pl.String)
    | {"acted_at": pl.Datetime("us", "UTC")}
)


class State(StrEnum):
    """The state of a case."""

    OPEN = "open"
    """nobody acted on it since it failed"""
    WAITING = "waiting"
    """silver has yet to read it again"""
    DISCARDED = "discarded"
    """given up, with a reason"""
    RELEASED = "released"
    """read again, and in silver or a duplicate since"""


@dataclass(frozen=True, order=True)
class Id:
    """A record's Kafka coordinates, which identify its case."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> "Id":
        """The id that a text such as ``cards-transactions/0/17`` names.

        Raises:
            FraudError: it names none.
        """
        topic, _, rest = text.partition("/")
        partition, _, offset = rest.partition("/")
        if not (topic and partition.isdecimal() and offset.isdecimal()):
            raise FraudError(
                f"'{text}' is no record's id: an id is topic/partition/offset, for example cards-transactions/0/17"
            )
        return cls(topic, int(partition), int(offset))

    def __str__(self) -> str:
        """The id as people write it."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def cases(source: str, lake: Lake) -> pl.LazyFrame | None:
    """Every quarantined record once, as its newest failed reading left it; None when there is no quarantine table.

    The columns of silver.quarantine, ``state``, and of the action since, if any: action, expression,
    who, why, acted_at.
    """
    quarantined = reads.scan(silver.QUARANTINE, lake)
    if quarantined is None:
        return None
    failed = quarantined.filter(pl.col("source") == source).with_columns(pl.col("attempt").fill_null(0))
    newest = failed.group_by(RECORD).agg(pl.col("attempt").max())
    failed = failed.join(newest, on=[*RECORD, "attempt"], how="semi")
    actions, read_again = _actions(source, lake)
    done = actions.select(*RECORD, pl.col("attempt") - 1, *_DONE)
    seen = read_again.select(*RECORD, pl.col("attempt") - 1, pl.lit(True).alias("_seen"))
    at = [*RECORD, "attempt"]
    state = (
        pl.when(pl.col("action").is_null())
        .then(pl.lit(str(State.OPEN)))
        .when(pl.col("action") == DISCARD)
        .then(pl.lit(str(State.DISCARDED)))
        .when(pl.col("_seen").is_null())
        .then(pl.lit(str(State.WAITING)))
        .otherwise(pl.lit(str(State.RELEASED)))
    )
    joined = failed.join(done, on=at, how="left").join(seen, on=at, how="left")
    return joined.with_columns(state.alias("state")).drop("_seen")


def _actions(source: str, lake: Lake) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """All actions on the source's records, and those that silver has read."""
    table = silver.QUARANTINE_ACTIONS
    now = reads.scan(table, lake)
    if now is None:
        return _NO_ACTIONS, _NO_ACTIONS
    seen = []
    for stream, (_, target) in STREAMS.items():
        version = cursor.last_read_version(table, target, source, lake, stream)
        then = None if version is None else reads.scan(table, lake, version)
        seen.append((now.head(0) if then is None else then).filter(pl.col("stream") == stream))
    mine = pl.col("source") == source
    return now.filter(mine), pl.concat(seen).filter(mine)


def chosen(
    frame: pl.LazyFrame, ids: tuple[Id, ...] = (), reason: str = "", states: tuple[State, ...] = tuple(State)
) -> pl.LazyFrame:
    """The cases with one of the ids (all without any), in one of the states, a reason of which holds the text."""
    kept = frame.filter(pl.col("state").is_in([str(state) for state in states]))
    if ids:
        rows = [(i.topic, i.partition, i.offset) for i in ids]
        wanted = pl.LazyFrame(rows, schema=_PLACE, orient="row")
        kept = kept.join(wanted, on=RECORD, how="semi")
    if reason:
        holds = pl.element().str.to_lowercase().str.contains(reason.lower(), literal=True)
        kept = kept.filter(pl.col("reasons").list.eval(holds).list.any())
    return kept


def history(source: str, record: Id, lake: Lake) -> pl.DataFrame:
    """What happened to a record, oldest first; columns: attempt, at, what, value, reasons, who, why, expression."""
    here = pl.col("source") == source, *(pl.col(name) == getattr(record, name) for name in RECORD)
    quarantined, acted = reads.scan(silver.QUARANTINE, lake), reads.scan(silver.QUARANTINE_ACTIONS, lake)
    parts = []
    if quarantined is not None:
        failed = quarantined.filter(*here).with_columns(
            pl.col("attempt").fill_null(0), pl.lit("quarantined").alias("what")
        )
        parts.append(failed.select("attempt", "what", pl.col("quarantined_at").alias("at"), "value", "reasons"))
    if acted is not None:
        done = acted.filter(*here).with_columns(pl.col("action").alias("what"), pl.col("acted_at").alias("at"))
        parts.append(done.select("attempt", "what", "at", "value", "who", "why", "expression"))
    if not parts:
        return pl.DataFrame()
    rows = pl.concat(parts, how="diagonal").with_columns((pl.col("what") == "quarantined").alias("_failed"))
    return rows.sort("attempt", "_failed").drop("_failed").collect()


def as_text(raw: bytes | None, most: int = 500) -> str:
    """Bytes as one printable line, whatever they are: what is not UTF-8 or not printable becomes a backslash escape."""
    if raw is None:
        return "(no value)"
    text = raw[:most].decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown + f" … ({len(raw):,} bytes)" if len(raw) > most else shown
