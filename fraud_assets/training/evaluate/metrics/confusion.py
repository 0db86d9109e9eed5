"""The four outcomes of deciding by a threshold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix


@dataclass(frozen=True)
class Confusion:
    """How many payments of each outcome: frauds caught, false alarms, frauds missed and genuine let through."""

    caught: int
    false_alarms: int
    missed: int
    let_through: int


def confusion(fraud: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> Confusion:
    """The outcomes when every score at or above the threshold raises an alarm.

    >>> confusion([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.4)
    Confusion(caught=1, false_alarms=1, missed=1, let_through=1)
    """
    outcomes = confusion_matrix(np.asarray(fraud, dtype=bool), np.asarray(scores) >= threshold, labels=[False, True])
    (let_through, false_alarms), (missed, caught) = outcomes.tolist()
    return Confusion(caught, false_alarms, missed, let_through)
