"""Dagster wiring of the silver tables: one step writes them all, as each record goes to exactly one."""

from collections.abc import Iterator
from dataclasses import asdict

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings
from fraud_assets.silver.outcome import STREAMS
from fraud_assets.silver.step import refine

TABLES = (silver.TRANSACTIONS, silver.LABELS, silver.CORRECTIONS, silver.QUARANTINE, silver.DUPLICATES)


@specs.written_by(*(specs.table_spec(table, (bronze.TRANSACTIONS, bronze.LABELS), "spark") for table in TABLES))
def refined(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> Iterator[dg.MaterializeResult[None]]:
    """Parse, validate, deduplicate and quarantine what bronze gained."""
    source, lake = context.partition_key, Lake.of(settings())
    create_all(spark.spark_session, lake, (*TABLES, silver.QUARANTINE_ACTIONS))
    streams = {name: refine(spark.spark_session, named(source), name, lake) for name in STREAMS}
    if undeclared := streams["transactions"].undeclared:
        context.log.warning(f"{source} sends fields it does not declare, kept in attributes: {', '.join(undeclared)}")
    written = {
        silver.TRANSACTIONS: streams["transactions"].written,
        silver.LABELS: streams["labels"].written + streams["transactions"].labelled,
        silver.CORRECTIONS: streams["transactions"].corrections,
        silver.QUARANTINE: sum(stream.quarantined for stream in streams.values()),
        silver.DUPLICATES: sum(stream.duplicates for stream in streams.values()),
    }
    for table in TABLES:
        yield dg.MaterializeResult(
            asset_key=specs.asset_key(table),
            metadata=metadata.step_metadata(
                table, source, written[table], **{name: dg.MetadataValue.json(asdict(s)) for name, s in streams.items()}
            ),
        )
