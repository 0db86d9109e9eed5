"""gold.pipeline_runs from a real Dagster instance: failed runs too, each step once."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from fraud_assets.declarations.tables import gold
from fraud_assets.lake.location import Lake
from fraud_assets.monitoring.assets import pipeline_runs
from fraud_assets.orchestration import specs
from fraud_assets.orchestration.spark import resources
from fraud_assets.settings import Settings

SOURCE = "cards"


@dg.asset(partitions_def=specs.SOURCES)
def sound() -> None:
    """An asset that succeeds."""


@dg.asset(deps=[sound], partitions_def=specs.SOURCES)
def broken() -> None:
    """An asset that fails."""
    raise ValueError("broken")


@dg.asset(deps=[broken], partitions_def=specs.SOURCES)
def behind() -> None:
    """An asset that never runs."""


@pytest.mark.stack
def test_earlier_runs_are_recorded_once(stack: Settings, lake: Lake) -> None:
    def recorded() -> pl.DataFrame:
        return lake.scan(gold.PIPELINE_RUNS).collect()

    with dg.DagsterInstance.local_temp(str(Path(lake.root).parent)) as instance:

        def record() -> object:
            done = dg.materialize([pipeline_runs], instance=instance, partition_key=SOURCE, resources=resources())
            return done.asset_materializations_for_node("gold__pipeline_runs")[0].metadata["rows_written"].value

        failed = dg.materialize(
            [sound, broken, behind], instance=instance, partition_key=SOURCE, raise_on_error=False
        ).run_id
        assert record() == 2
        assert recorded().sort("ended_at").select("run_id", "source", "step", "status").rows() == [
            (failed, SOURCE, "sound", "success"),
            (failed, SOURCE, "broken", "failure"),
        ]
        assert record() == 1
        assert record() == 1
        steps = recorded()
        assert steps.filter(pl.col("step") == "gold/pipeline_runs").height == 2
        assert steps.select("run_id", "step").is_unique().all()
        assert (steps["seconds"] >= 0).all()
