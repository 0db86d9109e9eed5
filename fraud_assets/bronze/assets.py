"""Dagster wiring of the bronze tables."""

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.bronze import offsets
from fraud_assets.bronze.ingest import ingest
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.declarations.tables import Table, bronze
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings
from fraud_assets.sources.produce import ensure_topics


def _bronze_asset(table: Table, stream_name: str) -> dg.AssetsDefinition:
    @specs.written_by(specs.table_spec(table, (), "kafka", "spark"), priority=1)
    def bronze_table(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
        source, here = context.partition_key, settings()
        stream: Stream = getattr(named(source), stream_name)
        create_all(spark.spark_session, Lake.of(here), (table,))
        ensure_topics(here.kafka, [stream.topic])  # Spark does not wait for a topic that nobody has written to yet
        result = ingest(
            spark.spark_session, source, stream, table, Lake.of(here), here.kafka, here.max_offsets_per_trigger
        )
        lag = offsets.lag(offsets.ends(here.kafka, [stream.topic])[stream.topic], result.notes["offsets_after"])
        return dg.MaterializeResult(
            metadata=metadata.step_metadata(
                table,
                source,
                result.written[table],
                topic=stream.topic,
                offsets_before=result.notes["offsets_before"],
                offsets_after=result.notes["offsets_after"],
                consumer_lag=lag,
            )
        )

    return bronze_table


transactions = _bronze_asset(bronze.TRANSACTIONS, "transactions")
labels = _bronze_asset(bronze.LABELS, "labels")
