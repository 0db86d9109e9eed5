"""How a lake differs from a clean one made from the same records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from polars.testing import assert_frame_equal

from fraud_assets.declarations.tables import Table
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets_tests.faults.pipeline_steps import KEYS, TABLES

CLOCK = {
    "ingested_at", "processed_at", "quarantined_at", "found_at", "computed_at", "recomputed_at",
    "decided_at", "raised_at", "summarised_at", "closed_at",
}  # fmt: skip
"""Columns that tell when a row was written, which no two runs have in common."""


def contents(lake: Lake, tables: Sequence[Table] = TABLES) -> dict[str, pl.DataFrame]:
    """The tables, each in the order of its key, without the times of writing."""
    rows_by_table = {}
    for table in tables:
        frame = reads.scan(table, lake)
        assert frame is not None, f"{table.full_name} does not exist"
        kept = frame.select(name for name in table.column_names if name not in CLOCK)
        rows_by_table[table.full_name] = kept.collect().sort(KEYS[table.full_name])
    return rows_by_table


@dataclass(frozen=True)
class Difference:
    """How a lake differs from a clean one: rows it lacks, rows beyond those, and tables of other content."""

    lost: int
    doubled: int
    changed: tuple[str, ...]


def difference(lake: Lake, clean: Mapping[str, pl.DataFrame], tables: Sequence[Table] = TABLES) -> Difference:
    """How the tables of a lake differ from a clean one's; rows are known by their keys."""
    lost, doubled, changed = 0, 0, []
    for table, rows in contents(lake, tables).items():
        key = [name for name in rows.columns if name in KEYS[table]]
        here, there = rows.select(key), clean[table].select(key)
        lost += there.join(here, on=key, how="anti", nulls_equal=True).height
        doubled += here.height - here.unique().join(there, on=key, how="semi", nulls_equal=True).height
        try:
            assert_frame_equal(rows, clean[table], rel_tol=1e-9)
        except AssertionError:
            changed.append(table)
    return Difference(lost, doubled, tuple(changed))


def assert_same(lake: Lake, clean: Mapping[str, pl.DataFrame], tables: Sequence[Table] = TABLES) -> None:
    """The lake holds what a clean one does, and every record is accounted for."""
    for table, rows in contents(lake, tables).items():
        assert_frame_equal(rows, clean[table], rel_tol=1e-9)
    assert all(stream.balanced for stream in reconcile("cards", lake))
