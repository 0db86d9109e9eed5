"""Average precision and AUC by weights are scikit-learn's, and so are the draws of a bootstrap."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from fraud_assets.training.evaluate.metrics import bootstrap
from fraud_assets.training.evaluate.metrics.auc_roc import auc_roc
from fraud_assets.training.evaluate.metrics.average_precision import average_precision

SCORE = st.one_of(st.integers(0, 5).map(float), st.floats(allow_nan=False, allow_infinity=False))
PAYMENT = st.tuples(st.booleans(), SCORE, st.integers(0, 3))
"""Whether it is fraud, its score, many of them equal, and how often it counts."""


@given(st.lists(PAYMENT, min_size=2, max_size=40))
def test_both_are_those_of_a_library(payments: list[tuple[bool, float, int]]) -> None:
    fraud, scores, weights = (np.array(column) for column in zip(*payments, strict=True))
    assume((weights * fraud).any() and (weights * ~fraud).any())
    for counts in (weights, None):
        area = average_precision_score(fraud, scores, sample_weight=counts)
        assert average_precision(pl.Series(fraud), pl.Series(scores), counts) == pytest.approx(area, abs=1e-12)
        under = roc_auc_score(fraud, scores, sample_weight=counts)
        assert auc_roc(pl.Series(fraud), pl.Series(scores), counts) == pytest.approx(under, abs=1e-12)


def test_scores_of_any_kind_are_ranked_by_size() -> None:
    assert average_precision([1, 0, 0], np.array([2, 1, 0], dtype=np.uint8)) == 1
    assert auc_roc([True, False], [np.inf, np.inf]) == 0.5


def test_a_missing_score_is_an_error() -> None:
    with pytest.raises(ValueError, match="a score"):
        average_precision(pl.Series([True, False]), pl.Series([0.5, None]))
    with pytest.raises(ValueError, match="of 3 payments"):
        auc_roc([True, False, True], [0.5, 0.1])


def test_draws_do_not_depend_on_the_order_of_payments_and_are_the_librarys() -> None:
    random = np.random.default_rng(2)
    fraud, scores = random.random(300) < 0.2, random.random(300).round(2)
    than, customers = random.random(300), random.integers(0, 40, 300)
    shuffled = random.permutation(300)
    found = bootstrap.interval(average_precision, fraud, scores, customers)
    assert found == pytest.approx(
        bootstrap.interval(average_precision, fraud[shuffled], scores[shuffled], customers[shuffled])
    )

    def by_library(fraud: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike) -> float:
        return float(average_precision_score(fraud, scores, sample_weight=weights))

    assert found == pytest.approx(bootstrap.interval(by_library, fraud, scores, customers))
    chance = bootstrap.chance_of_better(average_precision, fraud, scores, than, customers)
    assert chance == bootstrap.chance_of_better(by_library, fraud, scores, than, customers)
    assert 0 < chance < 1
