"""kill -9 of the Spark server in the middle of each step: the next run leaves what an undisturbed one would have.

``python -m bench.faults`` kills it in each step alone, while rows are being written and when they were committed.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE, Popen

import polars as pl
import pytest

from fraud_assets.declarations.tables import bronze, gold, silver
from fraud_assets.lake.location import Lake
from fraud_assets_tests.faults.comparison import assert_same
from fraud_assets_tests.faults.own_stack import OwnStack
from fraud_assets_tests.faults.pipeline_steps import HERE, large
from fraud_assets_tests.faults.strikes import Moment, committed, struck, writing

pytestmark = [pytest.mark.stack, pytest.mark.fault]

AT_ONCE: list[tuple[Moment, tuple[str, ...]]] = [
    (committed(bronze.TRANSACTIONS), ("bronze",)),
    (committed(silver.TRANSACTIONS), ("silver",)),
    (writing(gold.FEATURES), ("features", "summaries", "activity windows")),
]
"""The steps that a killed server takes with it, and when: their upstream is done, so that they may run side by side."""


A_RUN = """
import sys
from fraud_assets.orchestration.wiring import Spark
spark = Spark(spark_config={"spark.remote": sys.argv[1]})
print(spark.spark_session.range(2).localCheckpoint().count(), flush=True)
input()
print(spark.spark_session.range(3).localCheckpoint().count())
"""
"""What the steps of a Dagster run are given, asked before the server dies and after; in the process of a run."""


def test_every_step_goes_on_where_a_killed_spark_left_it(
    own: OwnStack, clean: dict[str, pl.DataFrame], faulty: Lake
) -> None:
    run = Popen([sys.executable, "-c", A_RUN, own.settings.spark], stdin=PIPE, stdout=PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "2\n"
    with large():
        for moment, steps in AT_ONCE:
            with struck(faulty, moment, lambda: own.kill("spark")), ThreadPoolExecutor() as pool:
                for done in [pool.submit(own.run, step, faulty) for step in steps]:
                    done.result()
            own.whole()
            for step in steps:
                own.run(step, faulty)
    for step in HERE:
        own.run(step, faulty)
    assert_same(faulty, clean)
    assert run.communicate("\n")[0] == "3\n"
