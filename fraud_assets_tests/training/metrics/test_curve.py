"""Average precision and AUC by weights are scikit-learn's."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from fraud_assets.training.metrics.auc_roc import auc_roc
from fraud_assets.training.metrics.average_precision import average_precision

PAYMENT = st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3))
"""Whether it is fraud, its score, so that many are equal, and how often it counts."""


@given(st.lists(PAYMENT, min_size=2, max_size=40))
def test_both_are_those_of_a_library(payments: list[tuple[bool, int, int]]) -> None:
    fraud, scores, weights = (np.array(column) for column in zip(*payments, strict=True))
    assume((weights * fraud).any() and (weights * ~fraud).any())
    for counts in (weights, None):
        expected = average_precision_score(fraud, scores, sample_weight=counts)
        assert average_precision(fraud, scores, counts) == pytest.approx(expected, abs=1e-12)
        assert auc_roc(fraud, scores, counts) == pytest.approx(roc_auc_score(fraud, scores, sample_weight=counts))
