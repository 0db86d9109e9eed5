"""Average precision: the area under the precision-recall curve, by steps."""

import numpy.typing as npt
from sklearn.metrics import average_precision_score


def average_precision(fraud: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Precision at each threshold, weighted by the recall gained there; a random score gets the share of fraud.

    ``weights`` say how often each payment counts.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    return float(average_precision_score(fraud, scores, sample_weight=weights))
