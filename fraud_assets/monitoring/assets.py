"""Dagster wiring of gold.drift and gold.pipeline_runs."""

from datetime import datetime

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.declarations.tables import gold
from fraud_assets.lake import writing
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.models.model_store import load_champion
from fraud_assets.monitoring import runs
from fraud_assets.monitoring.drift import measure
from fraud_assets.orchestration import metadata, run_status, specs
from fraud_assets.settings import settings

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
MOST_RUNS = 200
"""Runs recorded at once; what is left follows with the next refresh."""


@specs.written_by(specs.table_spec(gold.DRIFT, (gold.FEATURES, gold.SCORES), "polars"), priority=-1)
def drift(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
    """Compare the last seven days with what the champion was trained on, once an hour of event time."""
    source, here = context.partition_key, settings()
    create_all(spark.spark_session, Lake.of(here), (gold.DRIFT,))
    champion = load_champion(source, here.mlflow, here.models)
    if champion is None:
        return dg.MaterializeResult(metadata=metadata.step_metadata(gold.DRIFT, source, 0, model_version="none yet"))
    measured = measure(source, champion, Lake.of(here))
    written = writing.append(gold.DRIFT, measured, Lake.of(here))
    largest = measured.top_k(1, by="psi").select("feature", "psi").rows()
    return dg.MaterializeResult(
        metadata=metadata.step_metadata(
            gold.DRIFT,
            source,
            written,
            model_version=champion.version,
            **({"most_drifted": largest[0][0], "largest_psi": largest[0][1]} if largest else {}),
        )
    )


@specs.written_by(specs.table_spec(gold.PIPELINE_RUNS, (), "dagster"), priority=-2)
def pipeline_runs(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
    """Record the steps of the source's runs that finished since; it waits for no table, so failures are recorded."""
    source, lake = context.partition_key, Lake.of(settings())
    create_all(spark.spark_session, lake, (gold.PIPELINE_RUNS,))
    finished = _finished(context.instance, source, runs.newest(source, lake))
    wanted = runs.unknown(source, {r.dagster_run.run_id: r.create_timestamp for r in finished}, lake)
    found = [_run(context.instance, record) for record in finished if record.dagster_run.run_id in wanted]
    written = writing.append(gold.PIPELINE_RUNS, runs.rows(source, found), lake)
    return dg.MaterializeResult(metadata=metadata.step_metadata(gold.PIPELINE_RUNS, source, written, runs=len(found)))


def _finished(instance: dg.DagsterInstance, source: str, since: datetime | None) -> list[dg.RunRecord]:
    """The source's runs that finished after ``since``, oldest first, at most `MOST_RUNS`."""
    filters = dg.RunsFilter(tags={run_status.PARTITION_TAG: source}, statuses=FINISHED, updated_after=since)
    return list(instance.get_run_records(filters, limit=MOST_RUNS, order_by="update_timestamp", ascending=True))


def _run(instance: dg.DagsterInstance, record: dg.RunRecord) -> runs.Run:
    run = record.dagster_run
    steps = [
        runs.Step(step.step_key, step.status.value if step.status else "", step.start_time, step.end_time)
        for step in instance.get_run_step_stats(run.run_id)
    ]
    ended = record.end_time or record.update_timestamp.timestamp()
    succeeded = run.status == dg.DagsterRunStatus.SUCCESS
    return runs.Run(run.run_id, run.job_name, succeeded, record.start_time, ended, steps)
