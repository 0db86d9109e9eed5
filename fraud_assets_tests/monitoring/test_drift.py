"""Which payments are compared with the champion's training days, and when a comparison is not repeated."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.features.catalogue import AGEING, NAMES
from fraud_assets.declarations.tables import gold
from fraud_assets.lake import reads, writing
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.monitoring.drift import FEWEST, WINDOW, Window, drift, measure
from fraud_assets.monitoring.psi import reading
from fraud_assets_tests.decisions.sample import arrive, champion, features

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW_AT_NOON = Window(NOON - WINDOW, NOON)
COMPARED = [name for name in NAMES if name not in AGEING]


def measured(rows: pl.DataFrame) -> dict[str, float]:
    fitted = model.from_bytes(champion().model)
    values = {**rows.select(NAMES).to_dict(), "score": pl.Series(model.score(fitted, rows))}
    found = drift("cards", champion(), values, WINDOW_AT_NOON, NOON)
    assert found.columns == gold.DRIFT.column_names
    return dict(found.select("feature", "psi").iter_rows())


def test_the_training_days_themselves_have_not_moved() -> None:
    indices = measured(features(2_000, "training"))
    assert set(indices) == {*COMPARED, "score"}
    assert max(indices.values()) < 1e-9


def test_a_shifted_feature_and_the_score_it_moves_are_major() -> None:
    indices = measured(features(2_000, "new").with_columns(amount=pl.col("amount") * 3))
    assert {name for name, value in indices.items() if reading(value) == "major"} == {"amount", "score"}


def test_what_grows_with_the_calendar_is_not_drift() -> None:
    assert {*AGEING} == {"time_hours_began", "time_days_began"}
    later = features(2_000, "later").with_columns(pl.col(name) + 1_000 for name in AGEING)
    assert not AGEING & measured(later).keys()


def test_too_few_payments_are_not_compared() -> None:
    assert measured(features(FEWEST - 1, "few")) == {}
    assert len(measured(features(FEWEST, "few"))) == len(COMPARED) + 1


@pytest.mark.parametrize("minute", [0, 1, 59])
def test_the_window_stays_within_the_hour(minute: int) -> None:
    assert Window.before(NOON + timedelta(minutes=minute)) == WINDOW_AT_NOON


@pytest.mark.stack
def test_each_hour_is_measured_once_a_model(spark: SparkSession, tables: Lake) -> None:
    at = tables
    arrive(features(600, "old", NOON - WINDOW - timedelta(hours=1)), at)
    assert measure("cards", champion(), at).is_empty()  # of an hour that is not over
    arrive(features(600, "now", NOON - timedelta(minutes=5)), at)
    first = measure("cards", champion(), at)
    assert first["feature"].to_list() == COMPARED  # nothing is scored yet
    assert first.select("rows", "window_start", "window_end").unique().rows() == [(300, NOON - WINDOW, NOON)]
    assert writing.append(gold.DRIFT, first, at) == len(COMPARED)
    assert measure("cards", champion(), at).is_empty()
    assert measure("cards", champion(version=2), at).height == len(COMPARED)
    arrive(features(10, "next", NOON + timedelta(hours=1)), at)
    assert measure("cards", champion(), at)["rows"].unique().to_list() == [600]
    assert reads.newest_time(gold.DRIFT, at, "cards") == NOON
    assert spark.read.format("delta").load(at.path(gold.DRIFT)).count() == len(COMPARED)
