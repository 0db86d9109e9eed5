import numpy as np
import polars as pl
import pytest
import xgboost as xgb

from fraud_assets.training import model


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    random = np.random.default_rng(7)
    amount, noise = random.gamma(2, 50, 5_000), random.normal(size=5_000)
    return pl.DataFrame({"amount": amount, "noise": noise, "is_fraud": amount + 10 * noise > 220})


@pytest.fixture(scope="module")
def fitted(rows: pl.DataFrame) -> xgb.Booster:
    return model.fit(rows.select("amount", "noise"), rows["is_fraud"])


def test_scores_are_probabilities_whatever_the_order_of_columns(rows: pl.DataFrame, fitted: xgb.Booster) -> None:
    scores = model.score(fitted, rows)
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert scores[rows["is_fraud"].to_numpy()].min() > 0.3
    np.testing.assert_array_equal(scores, model.score(fitted, rows.select("noise", "is_fraud", "amount")))


def test_contributions_add_up_to_the_score(rows: pl.DataFrame, fitted: xgb.Booster) -> None:
    parts, scores = model.contributions(fitted, rows), model.score(fitted, rows)
    assert parts.shape == (5_000, 3)
    np.testing.assert_allclose(1 / (1 + np.exp(-parts.sum(axis=1))), scores, atol=1e-5)


def test_importance_finds_what_matters(fitted: xgb.Booster) -> None:
    shares = model.importance(fitted)
    assert list(shares) == ["amount", "noise"]
    assert sum(shares.values()) == pytest.approx(1)


def test_same_rows_same_model_and_bytes_keep_it(rows: pl.DataFrame, fitted: xgb.Booster) -> None:
    again = model.fit(rows.select("amount", "noise"), rows["is_fraud"])
    assert model.to_bytes(again) == model.to_bytes(fitted)
    kept = model.from_bytes(model.to_bytes(fitted))
    np.testing.assert_array_equal(model.score(kept, rows), model.score(fitted, rows))
