"""Dagster wiring of the checks on gold.features."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from fraud_assets.declarations.tables import Table, gold, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import checks
from fraud_assets.settings import settings


@dg.multi_asset_check(
    specs=[
        checks.check_spec(
            gold.FEATURES, "complete", "every silver payment that is not deleted has its features", blocking=True
        ),
        *checks.key_checks(gold.FEATURES),
    ]
)
def feature_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Complete features, unique and complete keys."""
    source, lake = context.partition_key, Lake.of(settings())
    payments, features = (_rows(table, source, lake) for table in (silver.TRANSACTIONS, gold.FEATURES))
    yield checks.result(gold.FEATURES, "complete", payments == features, {"payments": payments, "features": features})
    yield from checks.key_results(gold.FEATURES, source)


def _rows(table: Table, source: str, lake: Lake) -> int:
    """Rows of payments that their source has not deleted."""
    frame = reads.scan(table, lake)
    if frame is None:
        return 0
    return int(reads.not_deleted(frame.filter(pl.col("source") == source)).select(pl.len()).collect().item())
