"""Dagster wiring of the checks on trained models."""

import json

import dagster as dg
import polars as pl

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.models.model_store import GATE_FILE
from fraud_assets.orchestration import specs
from fraud_assets.settings import settings
from fraud_assets.training.assets import MODEL
from fraud_assets.training.promote import registry


@dg.asset_check(
    asset=specs.asset_key(gold.MODEL_PERFORMANCE),
    partitions_def=specs.SOURCES,
    description="the newest model's average precision on later payments reaches the floor in the source's file",
)
def average_precision_above_floor(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """A model below the floor of its source fails the run."""
    source = named(context.partition_key)
    performance = reads.scan(gold.MODEL_PERFORMANCE, Lake.of(settings()))
    assert performance is not None
    mine = pl.col("source") == source.name
    newest = (
        performance.filter(mine, pl.col("metric") == "average_precision")
        .top_k(1, by="model_version")
        .select("model_version", "value")
        .collect()
    )
    version, reached = newest.row(0)
    floor = source.model.average_precision_floor
    return dg.AssetCheckResult(
        passed=reached >= floor,
        metadata={"average_precision": reached, "floor": floor, "model_version": version},
    )


@dg.asset_check(
    asset=MODEL,
    partitions_def=specs.SOURCES,
    description="the newest model passes the gate; if not, it is challenger, and this check says why",
)
def promotion_gate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Each condition of the gate at the time when the newest model was trained; a refusal fails no run."""
    here = settings()
    newest = registry.versions(context.partition_key, here.mlflow)[0]
    found = json.loads(registry.text(context.partition_key, newest.version, GATE_FILE, here.mlflow))
    return dg.AssetCheckResult(
        passed=newest.refusal is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=newest.refusal or "every condition holds",
        metadata={
            "model_version": newest.version,
            "aliases": ", ".join(newest.aliases) or "none",
            **{one["name"]: f"{'passed' if one['holds'] else 'failed'}: {one['found']}" for one in found},
        },
    )
