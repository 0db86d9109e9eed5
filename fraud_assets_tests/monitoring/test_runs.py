"""Runs become rows: succeeded, failed, cut off and without a step; and only those the table lacks."""

from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import gold
from fraud_assets.lake import writing
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets.monitoring.runs import Run, Step, newest, rows, unknown

FAILED = Run(
    run_id="r2",
    job="refresh",
    succeeded=False,
    started=200.0,
    ended=210.0,
    steps=[
        Step("bronze__transactions", "SUCCESS", 200.5, 202.0),
        Step("silver__transactions", "FAILURE", 202.0, 209.25),
        Step("gold__features", "SKIPPED", None, None),
    ],
)
SUCCEEDED = Run("r1", "refresh", True, 100.0, 105.0, [Step("gold__scores", "SUCCESS", 101.0, 104.5)])


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_each_step_is_a_row_in_order() -> None:
    table = rows("cards", [FAILED, SUCCEEDED])
    assert table.columns == gold.PIPELINE_RUNS.column_names
    assert table.select("run_id", "step", "status", "seconds").rows() == [
        ("r1", "gold/scores", "success", 3.5),
        ("r2", "bronze/transactions", "success", 1.5),
        ("r2", "silver/transactions", "failure", 7.25),
        ("r2", "gold/features", "skipped", None),
    ]
    assert table["started_at"].to_list() == [moment(101), moment(200.5), moment(202), None]
    assert table["ended_at"].to_list()[0] == moment(104.5)


def test_a_step_that_was_cut_off_failed_when_its_run_ended() -> None:
    cut = Run("r", "refresh", False, 10.0, 20.0, [Step("gold__scores", "IN_PROGRESS", 12.0, None)])
    assert rows("cards", [cut]).select("status", "seconds", "ended_at").rows() == [("failure", 8.0, moment(20))]


@pytest.mark.parametrize(("succeeded", "status"), [(True, "success"), (False, "failure")])
def test_a_run_that_ended_before_its_steps_is_still_a_row(succeeded: bool, status: str) -> None:
    table = rows("cards", [Run("r", "train", succeeded, None, 20.0, [])])
    assert table.select("step", "status", "seconds", "ended_at").rows() == [("run", status, None, moment(20))]


def test_no_runs_are_no_rows() -> None:
    assert rows("cards", []).columns == gold.PIPELINE_RUNS.column_names


@pytest.mark.stack
def test_only_runs_the_table_lacks_are_unknown(spark: SparkSession, lake: Lake) -> None:
    at = lake
    create_all(spark, at, (gold.PIPELINE_RUNS,))
    created = {"r1": moment(99), "r2": moment(199)}
    assert newest("cards", at) is None
    assert unknown("cards", created, at) == {"r1", "r2"}
    writing.append(gold.PIPELINE_RUNS, rows("cards", [SUCCEEDED]), at)
    assert newest("cards", at) == moment(104.5)
    assert unknown("cards", created, at) == {"r2"}
    assert unknown("other", created, at) == {"r1", "r2"}
    assert unknown("cards", {}, at) == set()
