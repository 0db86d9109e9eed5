"""Dagster wiring of the checks on gold.features."""

from collections.abc import Iterator

import dagster as dg

from fraud_assets import wiring
from fraud_assets.lake import reads
from fraud_assets.settings import settings
from fraud_assets.tables import gold, silver


@dg.multi_asset_check(
    specs=[
        wiring.check_spec(gold.FEATURES, "complete", "every silver payment has its features", blocking=True),
        *wiring.key_checks(gold.FEATURES),
    ]
)
def feature_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Features for every payment, once."""
    source, lake = context.partition_key, settings().lake
    payments, features = (reads.count(table, lake, source) for table in (silver.TRANSACTIONS, gold.FEATURES))
    yield wiring.check(gold.FEATURES, "complete", payments == features, {"payments": payments, "features": features})
    yield from wiring.key_results(gold.FEATURES, source)
