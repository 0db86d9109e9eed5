"""Dagster wiring of training: the registered model, and its metrics as a table."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import polars as pl
from dagster_pyspark import LazyPySparkResource

from fraud_assets import wiring
from fraud_assets.errors import FraudError
from fraud_assets.features.catalogue import of_families
from fraud_assets.lake import reads, writes
from fraud_assets.lake.create import create_all
from fraud_assets.settings import settings
from fraud_assets.sources.source import named
from fraud_assets.tables import Table, gold, silver

MODEL = dg.AssetKey(["training", "model"])


@wiring.written_by(
    dg.AssetSpec(
        MODEL,
        deps=[wiring.key(gold.FEATURES), wiring.key(silver.LABELS)],
        group_name="training",
        description="A model of the source's newest labelled payments, in MLflow's registry; champion if it wins",
        kinds={"mlflow", "xgboost"},
        owners=[wiring.OWNER],
        partitions_def=wiring.SOURCES,
    ),
    wiring.spec(gold.MODEL_PERFORMANCE, (gold.FEATURES, silver.LABELS), "mlflow"),
)
def trained(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> Iterator[dg.MaterializeResult[None]]:
    """Train, test on later payments, register, and promote if better than the champion."""
    from fraud_assets.training.performance import rows
    from fraud_assets.training.train import train

    here, source = settings(), named(context.partition_key)
    versions = {table: reads.version(table, here.lake) for table in (gold.FEATURES, silver.LABELS)}
    features, labels = (_rows(table, source.name, version) for table, version in versions.items())
    result = train(
        source.name,
        features,
        labels,
        int(source.label_delay.total_seconds()),
        here.mlflow,
        here.models,
        {table.full_name: version for table, version in versions.items() if version is not None},
        names=[feature.name for feature in of_families(source.features.families)],
    )
    yield dg.MaterializeResult(
        asset_key=MODEL,
        metadata={
            "model_version": result.version,
            "became": result.role,
            "average_precision_of_former_champion": result.champion_average_precision,
            "threshold": result.threshold,
            **result.metrics,
            **{f"rows_{part}": count for part, count in result.rows.items()},
            "mlflow_run": dg.MetadataValue.url(f"{here.mlflow}/#/runs/{result.run_id}"),
            "trained_on": dg.MetadataValue.json({table.full_name: version for table, version in versions.items()}),
            **{name: wiring.picture(figure) for name, figure in result.figures.items()},
        },
    )
    create_all(spark.spark_session, here.lake, (gold.MODEL_PERFORMANCE,))
    written = writes.append(gold.MODEL_PERFORMANCE, rows(result, datetime.now(UTC)), here.lake)
    yield dg.MaterializeResult(
        asset_key=wiring.key(gold.MODEL_PERFORMANCE),
        metadata=wiring.outcome(gold.MODEL_PERFORMANCE, source.name, written),
    )


def _rows(table: Table, source: str, version: int | None) -> pl.DataFrame:
    frame = reads.scan(table, settings().lake, version)
    if frame is None:
        raise FraudError(f"{table.full_name} does not exist yet; run the job refresh first: fraud run refresh")
    return frame.filter(pl.col("source") == source).collect()
