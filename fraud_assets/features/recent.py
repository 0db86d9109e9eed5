"""The last events of an entity before each payment, as matrices: a row a payment, a column an event, newest first.

What belongs here: gathering them, and sums over rows of a matrix. What they say of a payment is in statistics.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fraud_assets.features.windows import Floats, Integers

Mask = npt.NDArray[np.bool_]
CHUNK = 16_384  # rows held at a time: the matrices stay in the processor's cache


@dataclass(frozen=True)
class Recent:
    """The last events before some payments.

    ``which`` says which payments, as positions in what `recent` was given; ``events``, of shape (rows, width), are
    positions in the caller's sequence of events; where ``there`` is false there is no event.
    """

    which: Integers
    events: Integers
    there: Mask


def recent(start: Integers, end: Integers, width: int) -> Iterator[Recent]:
    """The last ``width`` of the events at positions ``[start, end)`` of a sequence, for each pair that has any."""
    back = np.arange(1, width + 1)
    some = np.flatnonzero(end > start)
    for first in range(0, len(some), CHUNK):
        which = some[first : first + CHUNK]
        events = end[which, None] - back
        there = events >= start[which, None]
        yield Recent(which, np.where(there, events, 0), there)


def median(values: Floats) -> Floats:
    """The median of each row's values that are not NaN; NaN where there are none."""
    ascending = np.sort(values, axis=1)  # NaN come last
    n = np.count_nonzero(~np.isnan(values), axis=1)
    row = np.arange(len(values))
    low, high = ascending[row, np.maximum(n - 1, 0) // 2], ascending[row, n // 2]
    return np.where(n > 0, (low + high) / 2, np.nan)


def share(hits: Mask, among: Mask) -> Floats:
    """The share of hits among each row's events; NaN of none."""
    n = np.count_nonzero(among, axis=1)
    shares = np.full(len(n), np.nan)
    np.divide(np.count_nonzero(hits & among, axis=1), n, out=shares, where=n > 0)
    return shares
