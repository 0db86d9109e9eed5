"""Reliability: whether payments scored p are fraud in a share p of cases.

scikit-learn's ``calibration_curve`` keeps no counts of its bins, by which the expected calibration error is weighted.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Bin:
    """Payments of similar scores: how many, their mean score, and the share that was fraud."""

    count: int
    score: float
    fraud: float


def reliability(fraud: npt.ArrayLike, scores: npt.ArrayLike, bins: int = 20) -> tuple[Bin, ...]:
    """The reliability curve over bins of equally many payments, lowest scores first (DeGroot and Fienberg 1983).

    >>> reliability([0, 0, 0, 1], [0.1, 0.1, 0.5, 0.7], bins=2)
    (Bin(count=2, score=0.1, fraud=0.0), Bin(count=2, score=0.6, fraud=0.5))
    """
    ranked = np.asarray(scores, dtype=np.float64)
    order = np.argsort(ranked, kind="stable")
    outcome = np.asarray(fraud, dtype=np.float64)
    return tuple(
        Bin(len(part), float(ranked[part].mean()), float(outcome[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    )


def calibration_error(curve: tuple[Bin, ...]) -> float:
    """The expected calibration error: the distance between score and share, averaged over payments; 0 to 1.

    >>> round(calibration_error((Bin(2, 0.1, 0.0), Bin(2, 0.6, 0.5))), 4)
    0.1
    """
    return sum(b.count * abs(b.score - b.fraud) for b in curve) / sum(b.count for b in curve)
