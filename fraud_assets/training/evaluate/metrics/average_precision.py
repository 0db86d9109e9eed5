"""Average precision: the area under the precision-recall curve, by steps."""

import numpy as np
import numpy.typing as npt

from fraud_assets.training.evaluate.metrics import curve


def average_precision(fraud: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Precision at each threshold, weighted by the recall gained there; a random score gets the share of fraud.

    ``weights`` say how often each payment counts. Needs a fraud that counts.

    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    frauds, genuine = curve.found(fraud, scores, weights)
    gained = np.diff(frauds, prepend=0)
    some = gained > 0
    return float(np.sum(gained[some] * frauds[some] / (frauds + genuine)[some]) / frauds[-1])
