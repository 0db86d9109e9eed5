"""What an algorithm is given and what it gives back: arrays of numbers, nulls as NaN, columns in a fixed order."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fraud_assets.errors import FraudError

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
"""Rows to score, in the precision that features are stored in."""

SEED = 0
_SMALLEST = 1e-7


@dataclass(frozen=True)
class Training:
    """Rows to fit on: ``rows`` (n, k) with NaN for null, ``fraud`` (n) of 0 and 1, ``weights`` (n), ``names`` (k)."""

    rows: Floats
    fraud: Floats
    weights: Floats
    names: tuple[str, ...]


class Fitted(Protocol):
    """A model that was fitted."""

    def score(self, rows: Rows) -> Floats:
        """How much each of n rows looks like fraud, 0 to 1; shape (n)."""

    def explain(self, rows: Rows) -> Floats:
        """What each of k features adds to the score's log-odds, and last what is left; shape (n, k + 1)."""

    def importance(self) -> Floats:
        """Each feature's share in what the model does, together 1; shape (k)."""

    def save(self) -> dict[str, bytes]:
        """Files, by name, from which the module's ``load`` makes the model again; none of them a pickle."""


def log_odds(scores: Floats) -> Floats:
    """The logarithm of p / (1 - p), with 0 and 1 drawn in by one in ten million."""
    inside = np.clip(scores, _SMALLEST, 1 - _SMALLEST)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def probability(odds: Floats) -> Floats:
    """The inverse of `log_odds`.

    >>> float(probability(log_odds(np.array([0.2])))[0])
    0.2
    """
    return np.asarray(1 / (1 + np.exp(-odds)))


def merged(algorithm: ModuleType, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The algorithm's defaults with ``parameters`` over them.

    Raises:
        FraudError: the algorithm has no such parameter.
    """
    name = algorithm.__name__.rpartition(".")[2]
    if unknown := sorted(set(parameters) - set(algorithm.DEFAULTS)):
        raise FraudError(f"{name} has no parameter '{unknown[0]}'; it has: {', '.join(algorithm.DEFAULTS)}")
    return {**algorithm.DEFAULTS, **parameters}
