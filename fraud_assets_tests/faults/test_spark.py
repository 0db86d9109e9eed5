"""kill -9 of the Spark server in the middle of each step: the next run leaves what an undisturbed one would have."""

from pathlib import Path

import polars as pl
import pytest

from fraud_assets.tables import bronze, gold, silver
from fraud_assets_tests.faults.stand import Moment, Stand, assert_same, committed, large, struck, writing

pytestmark = [pytest.mark.stack, pytest.mark.slow]

MOMENTS: list[tuple[str, Moment]] = [
    ("bronze", committed(bronze.TRANSACTIONS)),
    ("silver", committed(silver.TRANSACTIONS)),
    ("features", writing(gold.FEATURES)),
    ("scores", committed(gold.SCORES)),
    ("alerts", writing(gold.ALERTS)),
    ("summaries", writing(gold.HOURLY_CATEGORY_SUMMARY)),
    ("activity windows", committed(gold.ACTIVITY_WINDOWS)),
]


def test_every_step_goes_on_where_a_killed_spark_left_it(
    own: Stand, clean: dict[str, pl.DataFrame], faulty: Path
) -> None:
    with large():
        for step, moment in MOMENTS:
            with struck(faulty, moment, lambda: own.kill("spark")):
                own.run(step, faulty)
            own.whole()
            own.run(step, faulty)
        own.refresh(faulty)
    assert_same(faulty, clean)
