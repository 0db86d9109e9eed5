"""What a newer file changes: an entry that is new opens, one that is missing closes, one that differs is revised.

What belongs here: frames in, frames out. Nothing that was current is ever changed; what changes is a newer revision.
"""

from datetime import datetime

import polars as pl

from fraud_assets.watchlists.file import SCHEMA, Read

KEY = ["entry", "valid_from"]
CONTENT = ["ip_first", "ip_last", "country", "why", "valid_to"]
TIME = pl.Datetime("us", "UTC")


def newest(revisions: pl.DataFrame) -> pl.DataFrame:
    """The newest revision of each entry and valid_from."""
    return revisions.sort("known_at").unique(KEY, keep="last", maintain_order=True)


def revised(current: pl.DataFrame, loaded: Read, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The revisions that bring one list of one source up to a file: those that open or change, those that close.

    ``current`` are all of its revisions in silver.watchlists. An entry without valid_from is the open one current that
    no other line names, or opens at its known_at, ``now`` without one. A file that is loaded twice changes nothing.
    """
    current = newest(current.select(*SCHEMA))
    entries = _resolved(loaded.entries, current, now)
    before = current.select(*KEY, pl.struct(CONTENT).alias("before"))
    compared = entries.join(before, on=KEY, how="left", maintain_order="left")
    known = pl.when(pl.col("before").is_null()).then(pl.coalesce("known_at", pl.lit(now))).otherwise(pl.lit(now))
    differs = pl.struct(CONTENT).ne_missing(pl.col("before"))
    changed = compared.filter(differs).with_columns(known.cast(TIME).alias("known_at")).select(*SCHEMA)
    gone = current.filter(_open(now), ~pl.col("entry").is_in(list(loaded.doubtful))).join(entries, on=KEY, how="anti")
    ended = pl.max_horizontal("valid_from", pl.lit(now))
    closed = gone.with_columns(valid_to=ended.cast(TIME), known_at=pl.lit(now).cast(TIME))
    return changed, closed


def in_force(revisions: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The entries that count at a moment, as was known then."""
    known = newest(revisions.filter(pl.col("known_at") <= at))
    return known.filter(pl.col("valid_from") <= at, _open(at))


def _open(at: datetime) -> pl.Expr:
    """Not over, nor withdrawn before it began."""
    return pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.max_horizontal("valid_from", pl.lit(at)))


def _resolved(entries: pl.DataFrame, current: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The entries, each with its valid_from; those without one that are over already are left out."""
    unnamed = current.join(entries, on=KEY, how="anti")
    holding = unnamed.select(
        "entry",
        _open(now).alias("current"),
        pl.col("valid_from").alias("held_from"),
        pl.col("valid_to").alias("held_to"),
    )
    pairs = entries.with_row_index().filter(pl.col("valid_from").is_null()).join(holding, on="entry")
    same = pl.col("held_to").eq_missing(pl.col("valid_to"))
    candidates = pairs.filter(pl.col("current") | same)
    found = candidates.group_by("index").agg(pl.col("held_from").max())
    since = pl.coalesce("valid_from", "held_from", "known_at", pl.lit(now)).cast(TIME)
    resolved = entries.with_row_index().join(found, on="index", how="left", maintain_order="left")
    resolved = resolved.with_columns(since.alias("valid_from")).select(*SCHEMA)
    counts = pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("valid_from"))
    return resolved.filter(counts).unique(KEY, keep="first", maintain_order=True)
