"""Payments as Kafka records, for the benchmarks that start from them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.sources.cards.faults import with_faults
from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.records import to_wire
from fraud_assets.sources.cards.world import World

ROWS = 1_000_000
MALFORMED, DUPLICATES = 0.001, 0.002
CUSTOMERS, TERMINALS = 5_000, 10_000
START, DAYS = date(2026, 1, 1), 110
OF_SILVERS_STEP = (
    bronze.TRANSACTIONS, silver.TRANSACTIONS, silver.QUARANTINE, silver.DUPLICATES, silver.QUARANTINE_ACTIONS
)  # fmt: skip
"""The tables that carrying payments from bronze to silver reads and writes."""


def records() -> pl.DataFrame:
    """`ROWS` payments in order, with some malformed and repeated records added: columns key and value."""
    end = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=DAYS)
    wire = pl.concat([to_wire(day) for day in payments_between(World(CUSTOMERS, TERMINALS), START, end)]).head(ROWS)
    assert wire.height == ROWS, f"{DAYS} days hold {wire.height:,} payments only"
    return with_faults(wire, MALFORMED, DUPLICATES, np.random.default_rng(0))[0]
