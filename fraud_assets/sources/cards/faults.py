"""Faults for the pipeline to survive: malformed records and exact duplicates, in seeded small shares.

What belongs here: damaging records. The true ones always stay complete: malformed and duplicated records are added.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import polars as pl

from fraud_assets.sources.cards.records import encode

_DUPLICATE_LAG = 100  # a duplicate comes this many records after the first, or at the end of its batch

_DAMAGE: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "not_json": lambda wire: encode(wire, "customer_id").with_columns(
        pl.col("value").bin.slice(0, pl.col("value").bin.size() // 2)
    ),
    "negative_amount": lambda wire: encode(wire.with_columns(amount=-1 - pl.col("amount")), "customer_id"),
    "impossible_date": lambda wire: encode(
        wire.with_columns(event_time=pl.lit("2026-02-30T25:61:00.000Z")), "customer_id"
    ),
    "missing_customer_id": lambda wire: encode(wire.drop("customer_id"), "customer_id"),
}
KINDS = tuple(_DAMAGE)
"""What can be wrong with a malformed record."""


def with_faults(
    wire: pl.DataFrame, malformed: float, duplicates: float, random: np.random.Generator
) -> tuple[pl.DataFrame, Counter[str]]:
    """The records (columns key, value) of ``wire`` and the faults among them, and how many of each fault.

    ``malformed`` and ``duplicates`` are shares of the payments. Malformed records carry a transaction_id of their own,
    each of the `KINDS` equally often. Which rows are changed depends on ``random`` alone: a longer ``wire`` keeps the
    faults of a shorter one.
    """
    unit = random.random((wire.height, 3))
    records = encode(wire, "customer_id").with_row_index("position")
    parts = [records]
    again = records.filter(pl.Series(unit[:, 2] < duplicates)).with_columns(pl.col("position") + _DUPLICATE_LAG)
    counts = Counter({"duplicates": again.height}) if again.height else Counter()
    parts.append(again)
    hit, which = unit[:, 0] < malformed, (unit[:, 1] * len(KINDS)).astype(np.int64)
    for number, (kind, damage) in enumerate(_DAMAGE.items()):
        if rows := np.flatnonzero(hit & (which == number)).tolist():
            bad = damage(wire[rows].with_columns(pl.col("transaction_id") + "-malformed"))
            parts.append(bad.select(pl.Series("position", rows, pl.UInt32), "key", "value"))
            counts[kind] = len(rows)
    return pl.concat(parts).sort("position", maintain_order=True).drop("position"), counts
