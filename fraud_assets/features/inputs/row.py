"""What features read besides columns of silver.transactions: columns made of a payment and facts about its source.

What belongs here: one expression an input. A column that a frame lacks is null, and so is what is made of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.features.inputs.baseline import NAMES as BASELINE
from fraud_assets.features.inputs.watchlists import LOOKUPS, Watchlists, with_watchlists

Positions = Literal["sphere", "plane"]
POSITIONS: tuple[Positions, ...] = get_args(Positions)
SIGNALS = pl.Map(pl.String, pl.Float64)
_KINDS: dict[str, pl.DataType] = {"double": pl.Float64(), "string": pl.String(), "map<string, double>": SIGNALS}
_COLUMNS = {column.name: _KINDS[column.type] for column in silver.TRANSACTIONS.columns if column.type in _KINDS}
EARTH_KM = 6371.0088  # the mean radius (IUGG)
HOURS_PER_US = 1 / 3_600_000_000  # a product: Polars rounds a quotient by a constant differently in a long frame


@dataclass(frozen=True)
class Facts:
    """What features need to know about a source: when it began, whether positions are degrees or a plane grid's."""

    began: datetime | None = None
    positions: Positions = "sphere"
    watchlists: Watchlists = field(default_factory=Watchlists, compare=False)


def distance(
    facts: Facts, latitude: pl.Expr, longitude: pl.Expr, to_latitude: pl.Expr, to_longitude: pl.Expr
) -> pl.Expr:
    """Kilometres along the great circle (haversine; Sinnott, Virtues of the Haversine, 1984), or units of the grid."""
    if facts.positions == "plane":
        return ((to_latitude - latitude).pow(2) + (to_longitude - longitude).pow(2)).sqrt()
    phi, to_phi = latitude.radians(), to_latitude.radians()
    across = ((to_longitude - longitude).radians() / 2).sin().pow(2) * phi.cos() * to_phi.cos()
    return 2 * EARTH_KM * (((to_phi - phi) / 2).sin().pow(2) + across).clip(0, 1).sqrt().arcsin()


def _code(text: str) -> pl.Expr:
    """A whole number below 65,521 that stands for a text's first 16 bytes; the same in every release of Polars."""
    padded = pl.col(text).str.pad_end(16).cast(pl.Binary)
    first, second = (
        padded.bin.slice(start, 8).bin.reinterpret(dtype=pl.UInt64, endianness="big") % 65_521 for start in (0, 8)
    )
    return ((first * 251 + second) % 65_521).cast(pl.Float64)


def _signal(number: int) -> Callable[[Facts], pl.Expr]:
    return lambda _: pl.col("signals").map.get(f"V{number}")


INPUTS: dict[str, tuple[tuple[str, ...], Callable[[Facts], pl.Expr]]] = {
    "hours_since_began": (
        (),
        lambda facts: (pl.col("event_time") - facts.began).dt.total_microseconds() * HOURS_PER_US,
    ),
    "home_distance": (
        ("customer_latitude", "customer_longitude", "merchant_latitude", "merchant_longitude"),
        lambda facts: distance(
            facts, *map(pl.col, ("customer_latitude", "customer_longitude", "merchant_latitude", "merchant_longitude"))
        ),
    ),
    **{f"signal_v{number}": (("signals",), _signal(number)) for number in range(1, 29)},
    "category_number": (("category",), lambda _: _code("category")),
    "signals_mean": (("signals",), lambda _: pl.col("signals").map.values().list.mean()),
    "signals_std": (("signals",), lambda _: pl.col("signals").map.values().list.std()),
}


def _behind(needs: Iterable[str]) -> set[str]:
    """The columns of silver.transactions that inputs are made of, and what is none."""
    made = {name: columns for name, (columns, _) in INPUTS.items()}
    made |= {name: (lookup.column,) for name, lookup in LOOKUPS.items()}
    return {column for name in needs for column in made.get(name, (name,))}


def columns_for(needs: Iterable[str], always: Iterable[str]) -> list[str]:
    """The columns of silver.transactions behind what features need, and those wanted always."""
    wanted = _behind(needs) | {*always}
    return [name for name in silver.TRANSACTIONS.column_names if name in wanted]


def with_inputs(
    payments: pl.DataFrame, needs: Iterable[str], facts: Facts, baseline: pl.DataFrame | None
) -> pl.DataFrame:
    """The payments with all that features need; ``baseline`` is the source's (baseline.py), None if they have it."""
    needs = set(needs)
    behind = _behind(needs)
    lacking = [
        pl.lit(None, kind).alias(name) for name, kind in _COLUMNS.items() if name in behind - {*payments.columns}
    ]
    result = payments.with_columns(pl.col("amount").cast(pl.Float64), *lacking)
    if facts.began is None and "hours_since_began" in needs:
        result, needs = result.with_columns(hours_since_began=pl.lit(None, pl.Float64)), needs - {"hours_since_began"}
    if "signals" in behind:
        result = result.with_columns(pl.col("signals").cast(SIGNALS))
    result = result.with_columns(make(facts).alias(name) for name, (_, make) in INPUTS.items() if name in needs)
    result = with_watchlists(result, needs, facts.watchlists)
    if baseline is not None and needs & {*BASELINE}:
        hour = pl.col("event_time").dt.truncate("1h")
        result = (
            result.with_columns(hour=hour).join(baseline, on="hour", how="left", maintain_order="left").drop("hour")
        )
    return result
