"""Area under the ROC curve."""

import numpy.typing as npt
from sklearn.metrics import roc_auc_score


def auc_roc(fraud: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """The chance that a random fraud has a higher score than a random genuine payment; needs both kinds.

    ``weights`` say how often each payment counts.

    >>> auc_roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return float(roc_auc_score(fraud, scores, sample_weight=weights))
