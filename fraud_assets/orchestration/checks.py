"""Asset checks: how a stage declares one, the checks that every table with a key has, and their results."""

import warnings
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from fraud_assets.declarations.tables import Table
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration.specs import SOURCES, asset_key
from fraud_assets.settings import settings

warnings.filterwarnings("ignore", category=dg.PreviewWarning)  # asset checks that have partitions: we rely on them

UNIQUE_SPAN = timedelta(days=2)
"""How far back from its newest row a table's key is checked on every run; the job upkeep checks the older rows."""


def key_checks(table: Table) -> list[dg.AssetCheckSpec]:
    """The checks that every table with a key has."""
    return [
        check_spec(table, "unique_key", f"no two rows with one {', '.join(table.key)}"),
        check_spec(table, "no_null_in_key", f"no null in {', '.join(table.key)}"),
    ]


def check_spec(table: Table, name: str, description: str, blocking: bool = False) -> dg.AssetCheckSpec:
    """One check of a table; the steps downstream of the table do not run when a blocking one fails."""
    return dg.AssetCheckSpec(
        name, asset=asset_key(table), description=description, blocking=blocking, partitions_def=SOURCES
    )


def key_results(table: Table, source: str) -> Iterator[dg.AssetCheckResult]:
    """The results of `key_checks`, for the rows of the newest days."""
    lake = Lake.of(settings())
    latest = reads.newest_time(table, lake, source)
    duplicates = reads.duplicate_keys(table, lake, source, latest - UNIQUE_SPAN) if latest else 0
    yield result(table, "unique_key", duplicates == 0, {"duplicate_keys": duplicates})
    nulls = reads.nulls_in_key(table, lake)
    yield result(table, "no_null_in_key", nulls == 0, {"nulls": nulls})


def result(
    table: Table,
    name: str,
    passed: bool,
    facts: Mapping[str, Any],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """The result of one check of a table, with the facts it is based on."""
    return dg.AssetCheckResult(
        passed=passed, asset_key=asset_key(table), check_name=name, severity=severity, metadata=facts
    )
