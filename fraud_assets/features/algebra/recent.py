"""The last events of an entity before each payment, as matrices: a row a payment, a column an event, newest first.

What belongs here: which events these are, and medians over rows. What they say of a payment is in statistics.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fraud_assets.features.algebra.loops import Floats, Integers, Mask, event_mask, middle_of_sorted

CHUNK = 2_048  # rows held at a time: the matrices stay in the processor's cache


@dataclass(frozen=True)
class Recent:
    """The last events before some payments.

    ``which`` says which payments, as positions in what `recent` was given; ``end`` the position, in the caller's
    sequence of events, before which theirs stand; ``mask``, of shape (rows, width), whether there is an event.
    """

    which: Integers
    end: Integers
    mask: Mask


def recent(start: Integers, end: Integers, width: int) -> Iterator[Recent]:
    """The last ``width`` of the events at positions ``[start, end)`` of a sequence, for each pair that has any."""
    some = np.flatnonzero(end > start)
    for first in range(0, len(some), CHUNK):
        which = some[first : first + CHUNK]
        yield Recent(which, end[which], event_mask(start[which], end[which], width))


def median(values: Floats) -> Floats:
    """The median of each row's values that are not NaN; NaN where there are none."""
    return middle_of_sorted(np.sort(values, axis=1))
