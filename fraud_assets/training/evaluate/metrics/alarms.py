"""Precision, recall and F1 of the alarms that a threshold raises, by scikit-learn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_fscore_support


@dataclass(frozen=True)
class Alarms:
    """Of the alarms the share that is fraud, of the frauds the share with an alarm, and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def alarms(fraud: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> Alarms:
    """The figures when every score at or above the threshold raises an alarm; 0 where there is nothing to count.

    >>> alarms([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.4)
    Alarms(precision=0.5, recall=0.5, f1=0.5)
    """
    raised = np.asarray(scores) >= threshold
    found = precision_recall_fscore_support(np.asarray(fraud, dtype=bool), raised, average="binary", zero_division=0.0)
    return Alarms(*(float(figure) for figure in found[:3]))
