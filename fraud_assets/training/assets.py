"""Dagster wiring of training: the registered model, and its metrics as a table."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.lake import writing
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings

MODEL = dg.AssetKey(["training", "model"])


@specs.written_by(
    dg.AssetSpec(
        MODEL,
        deps=[specs.asset_key(gold.FEATURES), specs.asset_key(silver.LABELS)],
        group_name="training",
        description="A model of the source's newest labelled payments, in MLflow's registry, past the gate champion",
        kinds={"mlflow", "xgboost"},
        owners=[specs.OWNER],
        partitions_def=specs.SOURCES,
    ),
    specs.table_spec(gold.MODEL_PERFORMANCE, (gold.FEATURES, silver.LABELS), "mlflow"),
)
def trained(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> Iterator[dg.MaterializeResult[None]]:
    """Train, test on later payments, register, and promote if the gate lets it."""
    from fraud_assets.training.data.dataset import pinned, training_set
    from fraud_assets.training.evaluate.performance import rows
    from fraud_assets.training.fit.distributed import Workers
    from fraud_assets.training.train import train

    here, source = settings(), named(context.partition_key)
    names = source.model_features
    data = training_set(source.name, pinned(Lake.of(here)), Lake.of(here), names, here.max_rows_in_memory)
    workers = Workers(lambda: spark.spark_session, here.spark_cores, here.max_rows_in_memory)
    result = train(data, source.model, source.label_delay, here.mlflow, here.models, Lake.of(here), names, workers)
    if result.refusal:
        context.log.warning(f"version {result.version} is {result.role}: {result.refusal}")
    yield dg.MaterializeResult(
        asset_key=MODEL,
        metadata={
            "model_version": result.version,
            "became": result.role,
            "gate": result.refusal or "passed",
            "algorithm": source.model.algorithm,
            "threshold": result.threshold,
            **result.evaluation.metrics,
            **{f"rows_{part}": count for part, count in result.rows.items()},
            "mlflow_run": dg.MetadataValue.url(f"{here.mlflow}/#/runs/{result.run_id}"),
            "trained_on": dg.MetadataValue.json(dict(data.versions)),
            "data_digest": data.digest,
            "model_card": dg.MetadataValue.md(result.model_card),
            "by_segment": dg.MetadataValue.md(metadata.markdown(result.evaluation.segments)),
            **{name: metadata.figure(figure) for name, figure in result.evaluation.figures.items()},
        },
    )
    create_all(spark.spark_session, Lake.of(here), (gold.MODEL_PERFORMANCE,))
    written = writing.append(gold.MODEL_PERFORMANCE, rows(result, datetime.now(UTC)), Lake.of(here))
    yield dg.MaterializeResult(
        asset_key=specs.asset_key(gold.MODEL_PERFORMANCE),
        metadata=metadata.step_metadata(gold.MODEL_PERFORMANCE, source.name, written),
    )
