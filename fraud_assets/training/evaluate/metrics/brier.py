"""Brier score: the mean squared error of scores as probabilities (Brier 1950)."""

import numpy as np
import numpy.typing as npt


def brier(fraud: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """0 is perfect; always saying the share of fraud p gives p (1 - p).

    >>> round(brier([0, 1], [0.1, 0.8]), 4)
    0.025
    """
    wrong = np.asarray(scores, dtype=np.float64) - np.asarray(fraud, dtype=np.float64)
    return float(np.mean(wrong**2))
