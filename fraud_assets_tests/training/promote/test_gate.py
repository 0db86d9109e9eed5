"""Each condition of the gate holds when it should and says what it found when it does not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from fraud_assets.models.artifact import TrainedModel
from fraud_assets.training.evaluate.segments import by_segment, segmented
from fraud_assets.training.fit import fitting
from fraud_assets.training.promote import gate
from fraud_assets.training.promote.gate import Condition

NAMES = ("a", "b")


@pytest.fixture(scope="module")
def test_days() -> pl.DataFrame:
    """Payments of a month whose true probability of fraud is known and is the score."""
    random = np.random.default_rng(5)
    count = 12_000
    true = random.beta(0.3, 6, count)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    payments = pl.DataFrame(
        {
            "event_time": [start + timedelta(minutes=minute * 3) for minute in range(count)],
            "customer_id": random.integers(0, 800, count).astype(str),
            "amount": random.gamma(2, 40, count),
            "a": random.random(count),
            "b": random.random(count),
            "is_fraud": random.random(count) < true,
            "score": true,
        }
    )
    return segmented(payments, payments.lazy())


@pytest.fixture(scope="module")
def fitted(test_days: pl.DataFrame) -> TrainedModel:
    return fitting.fit_rows(test_days.select(NAMES), test_days["is_fraud"])


def against(
    fitted: TrainedModel, test: pl.DataFrame, champion: pl.Expr, sent: tuple[str, ...] = NAMES
) -> dict[str, Condition]:
    found = gate.conditions(fitted, test.with_columns(champion_score=champion), sent)
    return {condition.name: condition for condition in found}


def failed(found: dict[str, Condition]) -> list[str]:
    return [name for name, condition in found.items() if not condition.holds]


NOISY = pl.col("score") * pl.col("a")


def test_a_better_model_passes(fitted: TrainedModel, test_days: pl.DataFrame) -> None:
    found = against(fitted, test_days, NOISY)
    assert failed(found) == []
    assert gate.refusal(tuple(found.values())) is None
    assert len(found) == 4


def test_one_that_is_as_good_does_not_beat_the_champion(fitted: TrainedModel, test_days: pl.DataFrame) -> None:
    found = against(fitted, test_days, pl.col("score"))
    assert failed(found) == ["beats the champion"]
    assert "better in 50% of draws" in found["beats the champion"].found


def test_one_that_fails_a_large_segment_is_refused(fitted: TrainedModel, test_days: pl.DataFrame) -> None:
    """Better on the whole, but blind for the quarter of the largest amounts."""
    largest = pl.col("amount_segment") == test_days["amount_segment"].max()
    blind = test_days.with_columns(score=pl.when(largest).then(pl.col("a") * 0.1).otherwise("score"))
    found = against(fitted, blind, pl.when(largest).then(test_days["score"]).otherwise(pl.col("b")))
    assert failed(found) == ["no large segment is worse"]
    assert found["no large segment is worse"].found.startswith("amount 3: ")


def test_scores_that_are_no_probabilities_are_refused(fitted: TrainedModel, test_days: pl.DataFrame) -> None:
    found = against(fitted, test_days.with_columns(score=pl.col("score").sqrt()), NOISY)
    assert failed(found) == ["calibrated"]


def test_features_that_scoring_does_not_send_are_named(fitted: TrainedModel, test_days: pl.DataFrame) -> None:
    found = against(fitted, test_days, NOISY, sent=("a",))
    assert failed(found) == ["signature"]
    assert gate.refusal(tuple(found.values())) == "signature: scoring does not send b"


def test_segments_are_whole_and_each_has_its_figures(test_days: pl.DataFrame) -> None:
    figures = by_segment(test_days, threshold=0.5)
    assert dict(figures.group_by("kind").agg(pl.col("payments").sum()).iter_rows()) == dict.fromkeys(
        ("month", "customer_age", "amount"), test_days.height
    )
    assert figures.filter(pl.col("kind") == "month")["segment"].to_list() == ["2026-03"]
    assert figures.filter(pl.col("kind") == "amount").height == 4
    new = figures.filter(pl.col("segment") == "0: under 7 days")
    first_week = test_days.group_by("customer_id").agg(pl.col("event_time"), first=pl.col("event_time").min())
    ages = first_week.explode("event_time").select(age=pl.col("event_time") - pl.col("first"))
    assert new["payments"].item() == ages.filter(pl.col("age") < timedelta(days=7)).height
