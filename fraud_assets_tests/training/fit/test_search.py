"""The search: what it may look at, that it goes on where it stopped, what it leaves in MLflow."""

import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.model import ModelConfig
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.fit import search as searching
from fraud_assets.training.fit.search import Found, folds_before_test
from fraud_assets.training.train import parts_of
from fraud_assets_tests.training.sample import DELAY, VERSIONS, data

ASKED = ModelConfig(average_precision_floor=0.3)


def test_the_test_days_are_never_looked_at() -> None:
    """Other payments and labels from the test's start on change nothing; the folds' labels are those known then."""
    given = data("any")
    start = parts_of(given, ASKED, DELAY).test.start
    later = pl.col("event_time") >= start
    other = replace(
        given,
        features=given.features.with_columns(amount=pl.when(later).then(0.0).otherwise("amount")),
        labels=given.labels.with_columns(is_fraud=pl.col("is_fraud") ^ (pl.col("known_at") > start)),
    )
    folds, others = (folds_before_test(one, ASKED, DELAY) for one in (given, other))
    assert len(folds) == searching.FOLDS
    for fold, same in zip(folds, others, strict=True):
        assert fold.train.equals(same.train)
        assert fold.validation.equals(same.validation)
        assert fold.validation.select(pl.col("event_time").max()).item() < start - DELAY
        earliest = fold.validation.select(pl.col("event_time").min()).item()
        gap = earliest - fold.train.select(pl.col("event_time").max()).item()
        assert gap >= DELAY - timedelta(minutes=1)


@pytest.mark.stack
def test_a_search_goes_on_where_it_stopped(mlflow_server: Settings, tmp_path: Path) -> None:
    import mlflow

    given = data(f"test-{uuid.uuid4().hex[:8]}", 6_000)

    def go(trials: int) -> Found:
        known = searching.study(given.source, "logistic_regression", tmp_path)
        asked = ModelConfig(average_precision_floor=0.3, algorithm="logistic_regression")
        return searching.search(known, given, asked, DELAY, NAMES, mlflow_server.mlflow, Lake("lake"), trials, None)

    first, second = go(2), go(3)
    assert (first.trials, second.trials) == (2, 5)
    assert second.run_id == first.run_id
    assert second.average_precision >= first.average_precision
    client = mlflow.MlflowClient(mlflow_server.mlflow)
    (experiment,) = {client.get_run(first.run_id).info.experiment_id}
    nested = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{first.run_id}'")
    assert len(nested) == 5
    written = yaml.safe_load(second.to_yaml())["model"]
    assert ModelConfig(average_precision_floor=0.3, **written).algorithm == "logistic_regression"
    known = searching.study(given.source, "logistic_regression", tmp_path)
    assert searching.versions_of(known) == VERSIONS


@pytest.mark.stack
def test_trees_stop_early(mlflow_server: Settings, tmp_path: Path) -> None:
    given: TrainingSet = data(f"test-{uuid.uuid4().hex[:8]}", 6_000)
    known = searching.study(given.source, "xgboost", tmp_path)
    found = searching.search(known, given, ASKED, DELAY, NAMES, mlflow_server.mlflow, Lake("lake"), 1, None)
    assert 0 < found.member.parameters["rounds"] < searching.MOST_ROUNDS


def test_an_ensemble_has_nothing_to_search(tmp_path: Path) -> None:
    with pytest.raises(FraudError, match="there is nothing to search for ensemble; search for its members: xgboost"):
        searching.study("cards", "ensemble", tmp_path)
