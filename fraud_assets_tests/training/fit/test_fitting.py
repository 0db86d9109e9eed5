"""What a source's model section asks for is what is fitted: members, windows, seeds, samples, the undetected term."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.model import MemberConfig, ModelConfig
from fraud_assets.errors import FraudError
from fraud_assets.models import artifact as model
from fraud_assets.models.algorithms.interface import log_odds
from fraud_assets.models.undetected import FEATURE
from fraud_assets.training.fit.fitting import calibrated, fit, fit_rows
from fraud_assets.training.train import days_of, parts_of
from fraud_assets_tests.training.sample import DELAY, data

FEW = {"rounds": 10}
GIVEN = data("any", 6_000)
PLAIN = ModelConfig(average_precision_floor=0, parameters=FEW)
PART = parts_of(GIVEN, PLAIN, DELAY).train
ROWS = PART.collect(GIVEN.features, GIVEN.labels)


def fitted(config: ModelConfig) -> model.TrainedModel:
    return fit(GIVEN, PART, config, NAMES, DELAY).model


def test_one_member_is_the_algorithm_on_the_training_days() -> None:
    expected = fit_rows(ROWS.select(NAMES), ROWS["is_fraud"], PLAIN)
    np.testing.assert_array_equal(model.score(fitted(PLAIN), ROWS), model.score(expected, ROWS))


def test_seeds_differ_and_their_log_odds_are_averaged() -> None:
    three = fitted(PLAIN.model_copy(update={"seeds": 3}))
    alone = [
        fit_rows(ROWS.select(NAMES), ROWS["is_fraud"], MemberConfig(parameters={**FEW, "seed": seed}))
        for seed in range(3)
    ]
    each = [log_odds(model.score(one, ROWS)) for one in alone]
    assert not np.array_equal(each[0], each[1])
    np.testing.assert_allclose(log_odds(model.score(three, ROWS)), np.mean(each, axis=0), atol=1e-9)


def test_a_further_member_has_days_of_its_own() -> None:
    week = MemberConfig(algorithm="logistic_regression", training_days=7)
    both = fitted(PLAIN.model_copy(update={"also": (week,)}))
    newest = ROWS.filter(pl.col("event_time") >= PART.end - timedelta(days=7))
    assert 0 < newest.height < ROWS.height / 2
    alone = fit_rows(newest.select(NAMES), newest["is_fraud"], week)
    second = model.TrainedModel(both.names, both.members[1:])
    np.testing.assert_allclose(model.score(second, ROWS), model.score(alone, ROWS), atol=1e-12)
    assert [member.algorithm for member in both.members] == ["xgboost", "logistic_regression"]
    parts = model.contributions(both, ROWS)
    np.testing.assert_allclose(parts.sum(axis=1), log_odds(model.score(both, ROWS)), atol=1e-4)


def test_samples_of_genuine_payments_have_every_fraud_and_are_corrected_for() -> None:
    samples = [
        replace(PART, genuine_share=0.2, sample=number).collect(GIVEN.features, GIVEN.labels) for number in range(5)
    ]
    frauds = ROWS.filter("is_fraud")
    for sample in samples:
        assert sample.filter("is_fraud").equals(frauds)
        assert sample.height - frauds.height == pytest.approx(0.2 * (ROWS.height - frauds.height), rel=0.15)
    genuine = pl.concat(sample.filter(~pl.col("is_fraud")) for sample in samples)
    assert genuine.height == genuine["transaction_id"].n_unique() == ROWS.height - frauds.height
    fifth = fitted(PLAIN.model_copy(update={"genuine_share": 0.2, "parameters": {}}))  # as many rounds as it needs
    assert fifth.members[0].shift == pytest.approx(-math.log(5))
    assert model.score(fifth, ROWS).mean() == pytest.approx(ROWS["is_fraud"].to_numpy().mean(), rel=0.3)


def test_the_undetected_term_adds_its_share_and_explains_itself() -> None:
    asked = PLAIN.model_copy(update={"undetected_share": 0.25})
    with_term, without = fitted(asked), fitted(PLAIN)
    gaps = ROWS.with_columns(pl.lit(0.0).alias(FEATURE)), ROWS.with_columns(pl.lit(None, pl.Float64).alias(FEATURE))
    recent, silent = (model.score(with_term, rows) - model.score(without, rows) for rows in gaps)
    assert (recent > 0).all()
    assert (silent > recent).all()
    rate = ROWS["is_fraud"].to_numpy().mean()
    added = 1 - (1 - model.score(with_term, ROWS)) / (1 - model.score(without, ROWS))
    assert added.mean() == pytest.approx(0.25 * rate, rel=1e-6)
    parts = model.contributions(with_term, ROWS)
    np.testing.assert_allclose(parts.sum(axis=1), log_odds(model.score(with_term, ROWS)), atol=1e-4)
    again = model.from_bytes(model.to_bytes(calibrated(with_term, ROWS, ROWS["is_fraud"], "platt")))
    assert again.undetected == with_term.undetected
    with pytest.raises(FraudError, match=f"undetected_share needs the feature {FEATURE}"):
        fit(GIVEN, PART, asked, ["amount"], DELAY)


def test_an_ensemble_is_a_member_for_each_algorithm() -> None:
    ensemble = ModelConfig(
        average_precision_floor=0,
        algorithm="ensemble",
        training_days=7,
        parameters={"xgboost": FEW, "random_forest": None},
    )
    assert [(one.algorithm, one.training_days) for one in ensemble.members] == [
        ("xgboost", 7),
        ("logistic_regression", 7),
    ]
    assert ensemble.members[0].parameters == FEW


def test_the_split_has_the_longest_window_of_all_members_and_leaves_the_warm_up_out() -> None:
    config = ModelConfig(average_precision_floor=0, training_days=7, also=(MemberConfig(training_days=20),))
    assert days_of(config).train == 20
    everything = config.model_copy(update={"also": (MemberConfig(training_days=None),), "warm_up_days": 10.0})
    assert days_of(everything).train is None
    first = GIVEN.features.select(pl.col("event_time").min()).collect().item()
    assert parts_of(GIVEN, everything, DELAY).train.start == first + timedelta(days=10)


def test_features_that_do_not_exist_are_named() -> None:
    with pytest.raises(ValidationError, match="feature 'moon_phase' does not exist"):
        ModelConfig(average_precision_floor=0, features=("amount", "moon_phase"))
