"""Dagster wiring of the silver tables: one step writes them all, as each record goes to exactly one of them."""

from collections.abc import Iterator

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.silver.streams import STREAMS

TABLES = (silver.TRANSACTIONS, silver.LABELS, silver.CORRECTIONS, silver.QUARANTINE, silver.DUPLICATES)


@specs.written_by(*(specs.table_spec(table, (bronze.TRANSACTIONS, bronze.LABELS), "spark") for table in TABLES))
def silver_tables(
    context: dg.AssetExecutionContext, spark: LazyPySparkResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Parse, validate, deduplicate and quarantine what bronze gained."""
    source, lake = context.partition_key, Lake.of(settings())
    create_all(spark.spark_session, lake, (*TABLES, silver.QUARANTINE_ACTIONS))
    results = {name: bronze_to_silver(spark.spark_session, named(source), name, lake) for name in STREAMS}
    if undeclared := results["transactions"].notes["undeclared"]:
        context.log.warning(f"{source} sends fields it does not declare, kept in attributes: {', '.join(undeclared)}")
    written = StepResult.total("", results.values()).written
    facts = {name: dg.MetadataValue.json(result.metadata()) for name, result in results.items()}
    for table in TABLES:
        yield dg.MaterializeResult(
            asset_key=specs.asset_key(table), metadata=metadata.step_metadata(table, source, written[table], **facts)
        )
