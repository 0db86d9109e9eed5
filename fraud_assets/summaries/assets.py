"""Dagster wiring of the business summaries."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings
from fraud_assets.summaries import activity
from fraud_assets.summaries.step import summarise
from fraud_assets.summaries.summaries import CUSTOMERS, HOURLY, MERCHANTS, Summary


def _summary_asset(summary: Summary) -> dg.AssetsDefinition:
    @specs.written_by(specs.table_spec(summary.table, (silver.TRANSACTIONS, silver.LABELS), "spark"))
    def summary_table(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
        """Recompute the groups that new payments and labels affect."""
        source, lake = context.partition_key, Lake.of(settings())
        create_all(spark.spark_session, lake, (summary.table,))
        result = summarise(spark.spark_session, source, summary, lake)
        return dg.MaterializeResult(
            metadata=metadata.step_metadata(
                summary.table, source, result.written[summary.table], versions_read=result.versions
            )
        )

    return summary_table


hourly_category_summary = _summary_asset(HOURLY)
customer_profiles = _summary_asset(CUSTOMERS)
merchant_profiles = _summary_asset(MERCHANTS)


@specs.written_by(specs.table_spec(gold.ACTIVITY_WINDOWS, (silver.TRANSACTIONS,), "spark"))
def activity_windows(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
    """Write the windows that have closed."""
    source, lake = context.partition_key, Lake.of(settings())
    create_all(spark.spark_session, lake, (gold.ACTIVITY_WINDOWS,))
    written = activity.aggregate(spark.spark_session, source, lake, settings().max_rows_in_memory)
    stand = activity.reconcile(source, lake)
    return dg.MaterializeResult(
        metadata=metadata.step_metadata(
            gold.ACTIVITY_WINDOWS,
            source,
            written,
            watermark=str(stand.watermark),
            payments_in_open_windows=stand.open,
            payments_too_late=stand.late,
        )
    )


KEYS = [specs.asset_key(table) for table in (HOURLY.table, CUSTOMERS.table, MERCHANTS.table, gold.ACTIVITY_WINDOWS)]
