"""A step's lines in the log, as Dagster runs it."""

import logging
import re
from collections.abc import Iterator

import dagster as dg
import pytest

from fraud_assets import logs
from fraud_assets.declarations.tables import gold
from fraud_assets.orchestration import specs


@specs.written_by(specs.table_spec(gold.SCORES, ()))
def single(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """A step of one table."""
    return dg.MaterializeResult(metadata={"rows_written": 3, "table_version": 1})


@specs.written_by(specs.table_spec(gold.ALERTS, ()), specs.table_spec(gold.DRIFT, ()))
def several(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """A step of two tables that fails after the first."""
    yield dg.MaterializeResult(asset_key=specs.asset_key(gold.ALERTS), metadata={"rows_written": 2})
    raise dg.Failure("no more", allow_retries=False)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    logs.configure("INFO")
    yield caplog
    logging.getLogger(logs.ROOT).setLevel(logging.NOTSET)


def of_run(lines: pytest.LogCaptureFixture, run: dg.ExecuteInProcessResult) -> list[str]:
    found = [record.getMessage() for record in lines.records if record.name.startswith(logs.ROOT)]
    lines.clear()
    assert all(f"run={run.run_id[:8]} source=cards step=gold/" in line for line in found)
    varying = r"^timestamp=\S+ | run=\S+ source=cards step=gold/\w+| seconds=\S+"
    return [re.sub(varying, "", line) for line in found]


def test_each_line_has_run_source_and_step(lines: pytest.LogCaptureFixture) -> None:
    with dg.instance_for_test() as instance:
        done = dg.materialize([single], instance=instance, partition_key="cards")
        assert of_run(lines, done) == ["level=info event=written rows=3 version=1", "level=info event=finished"]
        failed = dg.materialize([several], instance=instance, partition_key="cards", raise_on_error=False)
        assert of_run(lines, failed) == [
            "level=info event=written rows=2 table=gold/alerts",
            'level=error event=failed error="Failure: no more"',
        ]


def test_a_level_hides_what_is_less_severe(caplog: pytest.LogCaptureFixture) -> None:
    logs.configure("WARNING")
    try:
        log = logs.logger("fraud_assets.somewhere")
        log.info("hidden")
        log.warning("shown", records=2)
    finally:
        logging.getLogger(logs.ROOT).setLevel(logging.NOTSET)
    (record,) = caplog.records
    assert record.name == "fraud_assets.somewhere"
    assert record.getMessage().endswith("level=warning event=shown records=2")
