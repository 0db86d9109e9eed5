"""Dagster wiring of gold.scores with their inputs, and of gold.alerts."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg
from dagster_pyspark import LazyPySparkResource

from fraud_assets.decisions.alerts import raise_alerts
from fraud_assets.decisions.step import score
from fraud_assets.declarations.policy.schema import active
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.models.model_store import load_champion, load_version
from fraud_assets.orchestration import metadata, specs
from fraud_assets.settings import settings

_DECIDED = (gold.SCORES, gold.DECISION_INPUTS, gold.DECISION_CONTEXTS)


@specs.written_by(*(specs.table_spec(table, (gold.FEATURES,), "polars", "xgboost") for table in _DECIDED))
def scores(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> Iterator[dg.MaterializeResult[None]]:
    """Score the payments that have no decision yet with the champion, decide by the policy, and keep the inputs."""
    source, here, policy = context.partition_key, settings(), active()
    create_all(spark.spark_session, Lake.of(here), _DECIDED)
    champion = load_champion(source, here.mlflow, here.models)
    done = score(named(source), champion, policy, Lake.of(here))
    if champion is None:
        context.log.warning(f"{source} has no champion yet, nothing is scored; train one: fraud run train")
    facts: dict[str, Any] = {
        "versions_read": done.versions,
        "model_version": done.notes["model_version"] or "none yet; run the job train",
        "policy_hash": policy.hash,
        "decisions": dg.MetadataValue.json(done.notes["decisions"]),
    }
    for table in _DECIDED:
        known = metadata.step_metadata(table, source, done.written[table], **(facts if table is gold.SCORES else {}))
        yield dg.MaterializeResult(asset_key=specs.asset_key(table), metadata=known)


@specs.written_by(specs.table_spec(gold.ALERTS, (gold.SCORES, gold.FEATURES), "polars", "xgboost"))
def alerts(context: dg.AssetExecutionContext, spark: LazyPySparkResource) -> dg.MaterializeResult[None]:
    """Raise an alert, with reasons, for each payment that was not approved."""
    source, here = context.partition_key, settings()
    create_all(spark.spark_session, Lake.of(here), (gold.ALERTS,))
    model = partial(load_version, source, tracking_uri=here.mlflow, cache=here.models)
    raised = raise_alerts(source, model, Lake.of(here))
    return dg.MaterializeResult(
        metadata=metadata.step_metadata(gold.ALERTS, source, raised.written[gold.ALERTS], versions_read=raised.versions)
    )
