"""Population stability index: how far a distribution has moved from the one a model was trained on.

What belongs here: the index, its bins and how its value is read. Which columns and windows are compared is not.
Source: N. Siddiqi, Credit Risk Scorecards (Wiley, 2006), ch. 9; it is the symmetric (Jeffreys) form of the divergence
in S. Kullback and R. A. Leibler, On Information and Sufficiency (Annals of Mathematical Statistics 22, 1951).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MODERATE = 0.1  # Siddiqi's rule of thumb: below it, nothing worth acting on
MAJOR = 0.25  # above it the population is another one

_PSEUDO_COUNT = 0.5  # Jeffreys' prior: an empty bin has a small share, not none


def psi(expected: ArrayLike, actual: ArrayLike, bins: int = 10) -> float:
    """The index of ``actual`` against ``expected``: sum over bins of (a - e) ln(a / e), a and e being the bin's shares.

    Both are one-dimensional and numeric, of any length. The bins are quantiles of ``expected``; a value that fills
    a quantile on its own (0 and 1 of a flag) is a bin of its own, and so are missing values (NaN, null).
    Returns 0 for equal distributions, without an upper bound. Raises ValueError when either is empty.
    """
    before, after = np.asarray(expected, dtype=float), np.asarray(actual, dtype=float)
    if before.size == 0 or after.size == 0:
        raise ValueError(f"psi needs values on both sides: found {before.size} expected and {after.size} actual")
    edges = _edges(before, bins)
    e, a = _counts(before, edges), _counts(after, edges)
    used = (e + a) > 0
    e, a = _shares(e[used]), _shares(a[used])
    return float(np.sum((a - e) * np.log(a / e)))


def reading(value: float) -> str:
    """What an index says in one word: stable, moderate or major."""
    if value >= MAJOR:
        return "major"
    return "moderate" if value >= MODERATE else "stable"


def _edges(values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Upper edges (included) of all bins but the last."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return np.empty(0)
    inner = np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    edges, repeats = np.unique(inner, return_counts=True)
    return np.union1d(edges, np.nextafter(edges[repeats > 1], -np.inf))


def _counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values in each bin; the last one holds what is missing."""
    missing = np.isnan(values)
    codes = np.searchsorted(edges, values[~missing], side="left")
    return np.append(np.bincount(codes, minlength=edges.size + 1), missing.sum()).astype(float)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    smoothed = counts + _PSEUDO_COUNT
    return np.asarray(smoothed / smoothed.sum())
