"""Dagster wiring of gold.features."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.features.batch.step import compute
from fraud_assets.features.fingerprint import FINGERPRINT
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings


@specs.written_by(
    specs.table_spec(gold.FEATURES, (silver.TRANSACTIONS, silver.LABELS, silver.WATCHLISTS), "spark", "polars")
)
def features(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
    """Compute the features that new payments, labels and watchlist entries affect."""
    source, lake = context.partition_key, Lake.of(settings())
    create_all(spark.spark_session, lake, (gold.FEATURES,))
    result = compute(spark.spark_session, named(source), lake, settings().max_rows_in_memory)
    return dg.MaterializeResult(
        metadata=metadata.step_metadata(
            gold.FEATURES,
            source,
            result.written[gold.FEATURES],
            rows_recomputed=result.updated[gold.FEATURES],
            versions_read=result.versions,
            features_fingerprint=FINGERPRINT,
        )
    )
