"""kill -9 of the process that a run lives in: run again, it completes the lake.

Once in a run that Dagster's sensor started and its daemon starts again, and in each step whose own process writes.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import psutil
import pytest

from fraud_assets.declarations.tables import silver
from fraud_assets.lake.location import Lake
from fraud_assets.orchestration.run_client import Run, runs
from fraud_assets.settings import Settings
from fraud_assets.stack import supervisor
from fraud_assets_tests.faults.comparison import assert_same
from fraud_assets_tests.faults.own_stack import OwnStack
from fraud_assets_tests.faults.pipeline_steps import IN_PROCESS, WRITES
from fraud_assets_tests.faults.strikes import committed, struck, writing
from fraud_assets_tests.lakes import copied

pytestmark = [pytest.mark.stack, pytest.mark.fault]

DAGSTER = ("dagster-code", "dagster-webserver", "dagster-daemon")
TABLES = [table for step in ("bronze", "silver", "features") for table in WRITES[step]]
PATIENCE_S = 150


def test_a_killed_run_is_run_again(
    own: OwnStack, clean: dict[str, pl.DataFrame], empty: Path, mlflow_server: Settings
) -> None:
    try:
        lake = struck_in_a_run(own, empty)
        assert [run.status for run in refreshes(own)].count("FAILURE") == 1
    finally:
        own.stop(DAGSTER)
    assert_same(lake, clean, TABLES)


def test_a_killed_process_goes_on_in_another(own: OwnStack, clean: dict[str, pl.DataFrame], faulty: Lake) -> None:
    for step in ("bronze", "silver"):
        own.run(step, faulty)
    for step in IN_PROCESS:
        struck_in_a_process(own, step, faulty)
        own.run(step, faulty)
    assert_same(faulty, clean, [*TABLES, *WRITES["scores"], *WRITES["alerts"]])


def struck_in_a_process(own: OwnStack, step: str, lake: Lake) -> None:
    """A step whose process is killed when it has written rows and may not have committed them."""
    process = own.process(step, lake)
    with struck(lake, writing(WRITES[step][0]), process.kill):
        process.wait()


def struck_in_a_run(own: OwnStack, empty: Path) -> Lake:
    """The lake when the sensor has started a run, its process was killed, and the daemon has started it again."""
    lake, moment = Lake(own.settings.lake), committed(silver.TRANSACTIONS)
    own.stop(DAGSTER)
    for old in (lake.root, str(own.settings.dagster_home)):
        shutil.rmtree(old, ignore_errors=True)
    copied(empty, Path(lake.root))
    before = moment.seen(lake)
    own.whole(DAGSTER)  # the sensor finds the records in Kafka
    until(lambda: moment.seen(lake) - before, every=0.01)
    for worker in workers(own):
        worker.kill()
    until(lambda: [run for run in refreshes(own) if run.status == "SUCCESS"])
    return lake


def workers(own: OwnStack) -> list[psutil.Process]:
    """The processes of runs: the code server has one for each."""
    code = psutil.Process(supervisor.connect(own.settings).getProcessInfo("dagster-code")["pid"])
    found = [process for process in code.children(recursive=True) if "spawn_main" in " ".join(process.cmdline())]
    assert found
    return found


def refreshes(own: OwnStack) -> list[Run]:
    return runs(own.settings, pipelineName="refresh")


def until(come: Callable[[], object], every: float = 0.5) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not come():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(every)
