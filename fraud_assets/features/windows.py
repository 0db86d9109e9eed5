"""Exact aggregates over event-time windows, for many entities at once.

What belongs here: arithmetic on arrays of entities, times and values. What a payment, a label or a feature is does not.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MILLIONTHS = 1_000_000


@dataclass(frozen=True)
class Moments:
    """Points in time: the distinct ones, ascending, and for each event which of them is its own."""

    distinct: Integers
    which: Integers

    @classmethod
    def of(cls, times: Integers) -> "Moments":
        """The moments of events that happen at ``times``, in any order."""
        order = np.argsort(times, kind="stable")
        ascending = times[order]
        new = np.concatenate((np.ones(min(1, len(times)), bool), ascending[1:] != ascending[:-1]))
        which = np.empty(len(times), np.int64)
        which[order] = np.cumsum(new) - 1
        return cls(ascending[new], which)

    def __getitem__(self, rows: Integers) -> "Moments":
        """The moments of some of the events."""
        return Moments(self.distinct, self.which[rows])


def ordered(entities: Integers, moments: Moments, tie_break: pl.Series | None = None) -> Integers:
    """Positions that put events in the order (entity, time, tie-break, position)."""
    keys = entities * (len(moments.distinct) + 1) + moments.which
    order = np.argsort(keys, kind="stable")
    if tie_break is not None:
        ascending = keys[order]
        same = np.flatnonzero(ascending[1:] == ascending[:-1])
        tied = np.union1d(same, same + 1)
        rows = order[tied]
        order[tied] = rows[np.lexsort((tie_break.gather(rows).to_numpy(), keys[rows]))]
    return order


@dataclass(frozen=True)
class Timeline:
    """Events in the order (entity, time) as running totals, to be subtracted from each other; one more than events."""

    distinct: Integers
    keys: Integers  # entity and position in ``distinct`` as one number, ascending
    counts: Integers
    millionths: Integers

    @classmethod
    def of(cls, entities: Integers, moments: Moments, counts: Integers, values: Floats) -> "Timeline":
        """The timeline of events already in order.

        Values are summed as whole millionths: exactly, so that a window's sum does not depend on what else the frame
        holds. A window's sum must stay below 9.2e12.
        """
        keys = entities * (len(moments.distinct) + 1) + moments.which + 1
        millionths = np.rint(values * _MILLIONTHS).astype(np.int64)
        return cls(moments.distinct, keys, _running(counts), _running(millionths))

    def until(self, entities: Integers, moments: Moments, back: int = 0) -> Integers:
        """For each entity and moment, the position after the entity's last event at or before that moment less back."""
        before = np.searchsorted(self.distinct, moments.distinct - back, side="right")
        return np.searchsorted(
            self.keys, entities * (len(self.distinct) + 1) + before[moments.which], side="right"
        ).astype(np.int64)

    def between(self, start: Integers, end: Integers) -> tuple[Floats, Floats]:
        """Count and mean value of the events at positions ``[start, end)``; the mean of nothing is 0."""
        count = (self.counts[end] - self.counts[start]).astype(np.float64)
        total = (self.millionths[end] - self.millionths[start]) / _MILLIONTHS
        return count, np.divide(total, count, out=np.zeros(len(count)), where=count > 0)


def _running(values: Integers) -> Integers:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
