import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_assets.training.metrics.alarms import f1
from fraud_assets.training.metrics.confusion import confusion
from fraud_assets.training.threshold import best_f1


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20).map(lambda n: n / 20)), min_size=1, max_size=30))
def test_no_other_threshold_has_a_higher_f1(payments: list[tuple[bool, float]]) -> None:
    fraud, scores = zip(*payments, (True, 0.5), strict=True)
    chosen = f1(confusion(fraud, scores, best_f1(fraud, scores)))
    assert chosen >= max(f1(confusion(fraud, scores, other)) for other in np.arange(0, 1.01, 0.05)) - 1e-12
