"""Population stability index: how far a distribution has moved from the one a model was trained on.

What belongs here: the index and how its value is read. Which columns and windows are compared is not.
Source: N. Siddiqi, Credit Risk Scorecards (Wiley, 2006), ch. 9; it is the symmetric (Jeffreys) form of the divergence
in S. Kullback and R. A. Leibler, On Information and Sufficiency (Annals of Mathematical Statistics 22, 1951).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fraud_assets.models.baseline_distribution import distribution

MODERATE = 0.1  # Siddiqi's rule of thumb: below it, nothing worth acting on
MAJOR = 0.25  # above it the population is another one

_PSEUDO_COUNT = 0.5  # Jeffreys' prior: an empty bin has a small share, not none


def psi(expected: ArrayLike, actual: ArrayLike, bins: int = 10) -> float:
    """The index of ``actual`` against ``expected``, both one-dimensional and numeric, of any length.

    The bins are those of ``distribution(expected)``; missing values (NaN, null) are a bin of their own.
    Returns 0 for equal distributions, without an upper bound. Raises ValueError when either is empty.
    """
    before = np.asarray(expected, dtype=float)
    known = before[~np.isnan(before)]
    edges = distribution(known, bins).edges if known.size else ()
    return psi_of_counts(counts(before, edges), counts(actual, edges))


def psi_of_counts(expected: ArrayLike, actual: ArrayLike) -> float:
    """The index from how many values each side has in each bin: the sum of (a - e) ln(a / e) over the bins' shares.

    Either side may lack trailing bins, which then count as empty. Raises ValueError when either has no values.
    """
    e, a = np.atleast_1d(np.asarray(expected, dtype=float)), np.atleast_1d(np.asarray(actual, dtype=float))
    if e.sum() == 0 or a.sum() == 0:
        raise ValueError(f"psi needs values on both sides: found {e.sum():.0f} expected and {a.sum():.0f} actual")
    size = max(e.size, a.size)
    e, a = np.pad(e, (0, size - e.size)), np.pad(a, (0, size - a.size))
    used = (e + a) > 0
    e, a = _shares(e[used]), _shares(a[used])
    return float(np.sum((a - e) * np.log(a / e)))


def counts(values: ArrayLike, edges: Sequence[float]) -> NDArray[np.float64]:
    """How many values fall into each bin of a ``Distribution``'s edges; one more, the last, holds missing values."""
    numbers = np.asarray(values, dtype=float)
    missing = np.isnan(numbers)
    codes = np.searchsorted(np.asarray(edges, dtype=float), numbers[~missing], side="left")
    return np.append(np.bincount(codes, minlength=len(edges) + 1), missing.sum()).astype(float)


def reading(value: float) -> str:
    """What an index says in one word: stable, moderate or major."""
    if value >= MAJOR:
        return "major"
    return "moderate" if value >= MODERATE else "stable"


def _shares(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    smoothed = counted + _PSEUDO_COUNT
    return np.asarray(smoothed / smoothed.sum())
