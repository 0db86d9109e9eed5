"""Dagster wiring of the checks on silver.watchlists."""

from collections.abc import Iterator

import dagster as dg

from fraud_assets.orchestration import checks
from fraud_assets.watchlists.load import TABLE


@dg.multi_asset_check(specs=checks.key_checks(TABLE))
def reference_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Each revision once."""
    yield from checks.key_results(TABLE, context.partition_key)
