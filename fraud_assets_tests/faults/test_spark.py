"""kill -9 of the Spark server in the middle of each step: the next run leaves what an undisturbed one would have."""

from pathlib import Path

import polars as pl
import pytest

from fraud_assets_tests.faults.stand import STEPS, WRITES, Stand, assert_same, committed, large, struck, writing

pytestmark = [pytest.mark.stack, pytest.mark.slow]

WRITING = {"features", "alerts", "summaries"}
"""Steps struck while they write; the others are when they have committed and do not know it yet."""


def test_every_step_goes_on_where_a_killed_spark_left_it(
    own: Stand, clean: dict[str, pl.DataFrame], faulty: Path
) -> None:
    with large():
        for step in STEPS:
            moment = (writing if step in WRITING else committed)(WRITES[step][0])
            with struck(faulty, moment, lambda: own.kill("spark")):
                own.run(step, faulty)
            own.whole()
            own.run(step, faulty)
    assert_same(faulty, clean)
