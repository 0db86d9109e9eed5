"""Calibrated scores mean what they say and keep their order."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from fraud_assets.models.calibration import NONE, fit


def overconfident(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    true = random.beta(1, 8, 20_000)
    odds = 2 * np.log(true / (1 - true))
    return 1 / (1 + np.exp(-odds)), random.random(20_000) < true


@pytest.mark.parametrize("kind", ["platt", "isotonic"])
def test_calibration_helps_on_other_payments_and_keeps_the_order(kind: str) -> None:
    scores, fraud = overconfident(1)
    calibration = fit(scores, fraud, kind)  # type: ignore[arg-type]
    others, outcome = overconfident(2)
    calibrated = calibration(others)
    assert brier_score_loss(outcome, calibrated) < brier_score_loss(outcome, others) - 0.005
    assert calibrated.mean() == pytest.approx(outcome.mean(), rel=0.05)
    ordered = calibrated[np.argsort(others)]
    assert (np.diff(ordered) >= (0 if kind == "isotonic" else -1e-15)).all()


def test_scores_that_mislead_are_flattened_and_not_turned_round() -> None:
    scores, fraud = overconfident(1)
    calibrated = fit(scores, ~fraud, "platt")(scores)
    assert (np.diff(calibrated[np.argsort(scores)]) >= 0).all()


def test_none_changes_nothing() -> None:
    scores = np.array([0.1, 0.9])
    assert fit(scores, [False, True], "none") == NONE
    assert NONE(scores) is scores
