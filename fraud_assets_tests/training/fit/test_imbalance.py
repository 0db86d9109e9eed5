"""What each answer to imbalance does to a training, and that it learns from nothing else."""

import numpy as np
import pytest

from fraud_assets.errors import FraudError
from fraud_assets.models.algorithms.interface import Training
from fraud_assets.training.fit.imbalance import FRAUD_PER_GENUINE, GENUINE_PER_FRAUD, balanced


def training(frauds: int, genuine: int = 1_000) -> Training:
    """Frauds lie beyond the genuine in the first column, but for two; a tenth of the second is null."""
    random = np.random.default_rng(3)
    rows = random.normal(size=(frauds + genuine, 2))
    rows[:frauds, 0] += np.where(np.arange(frauds) < 2, 2, 20)
    rows[::10, 1] = np.nan
    fraud = np.arange(len(rows)) < frauds
    return Training(rows, fraud.astype(float), np.ones(len(rows)), ("a", "b"))


def test_class_weights_give_both_kinds_the_same_say() -> None:
    weighed = balanced(training(20), "class_weights")
    assert weighed.weights[weighed.fraud == 1].sum() == pytest.approx(weighed.weights[weighed.fraud == 0].sum())
    assert weighed.weights.sum() == pytest.approx(1_020)


def test_undersampling_keeps_every_fraud_and_real_rows_only() -> None:
    given = training(20)
    left = balanced(given, "undersampling")
    assert (left.fraud == 1).sum() == 20
    assert (left.fraud == 0).sum() == 20 * GENUINE_PER_FRAUD
    known = {row.tobytes() for row in given.rows}
    assert all(row.tobytes() in known for row in left.rows)


@pytest.mark.parametrize("how", ["smote", "adasyn"])
def test_made_up_frauds_lie_among_the_frauds_and_real_rows_stay(how: str) -> None:
    given = training(20)
    more = balanced(given, how)  # type: ignore[arg-type]
    np.testing.assert_array_equal(more.rows[: len(given.rows)], given.rows)
    made = more.rows[len(given.rows) :]
    assert more.fraud[len(given.rows) :].all()
    assert more.fraud.sum() == pytest.approx(1_000 * FRAUD_PER_GENUINE, rel=0.05)
    assert given.rows[:20, 0].min() <= made[:, 0].min() <= made[:, 0].max() <= given.rows[:20, 0].max()
    assert len(more.weights) == len(more.rows)


def test_rows_that_are_not_rare_are_left_alone_and_too_few_are_said() -> None:
    given = training(500)
    assert balanced(given, "smote") is given
    with pytest.raises(FraudError, match="smote needs two frauds or more to make up others, found 1"):
        balanced(training(1), "smote")
