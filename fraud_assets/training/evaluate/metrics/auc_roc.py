"""Area under the ROC curve."""

import numpy as np
import numpy.typing as npt

from fraud_assets.training.evaluate.metrics import curve


def auc_roc(fraud: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """The chance that a random fraud has a higher score than a random genuine payment; needs both kinds.

    ``weights`` say how often each payment counts.

    >>> auc_roc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    frauds, genuine = curve.found(fraud, scores, weights)
    steps = np.diff(genuine, prepend=0) * (frauds + np.append(0, frauds[:-1])) / 2
    return float(steps.sum() / (frauds[-1] * genuine[-1]))
