"""What the training days looked like, for drift to compare with: distributions of each feature and of the score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Distribution:
    """How many values fell into each bin; ``edges`` are the bins' upper bounds (included), the last bin's left out.

    Where values were missing, one more bin at the end has how many.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def distribution(values: npt.ArrayLike, bins: int = 10) -> Distribution:
    """The distribution over quantile bins; a value that fills a quantile on its own (0 of a flag) has its own bin.

    >>> distribution([1, 2, 3, 4], bins=2)
    Distribution(edges=(2.0,), counts=(2, 2))
    >>> distribution([0, 0, 0, 5], bins=4).counts
    (0, 3, 1)
    >>> distribution([1, 2, None], bins=2).counts
    (1, 1, 1)
    """
    given = np.asarray(values, dtype=float)
    numbers = given[~np.isnan(given)]
    missing = (given.size - numbers.size,) if numbers.size < given.size else ()
    if not numbers.size:
        return Distribution((), (0, *missing))
    inner = np.quantile(numbers, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf")
    edges, repeats = np.unique(inner, return_counts=True)
    edges = np.union1d(edges, np.nextafter(edges[repeats > 1], -np.inf))
    counts = np.bincount(np.searchsorted(edges, numbers, side="left"), minlength=edges.size + 1)
    return Distribution(tuple(edges.tolist()), (*counts.tolist(), *missing))
