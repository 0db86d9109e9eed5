"""Loops over events for which NumPy has only searches and large intermediate arrays, compiled by Numba.

What belongs here: arrays in, arrays out; what a payment, a label or a feature is does not. A machine compiles each when
it first runs it and keeps the result where ``NUMBA_CACHE_DIR`` says, in ``__pycache__``, or in the user's cache.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def compiled(loop: Callable[_P, _T]) -> Callable[_P, _T]:
    """The loop, compiled at its first call: Numba takes half a second to load, and most processes compute nothing."""

    @cache
    def machine_code() -> Callable[_P, _T]:
        import numba

        try:
            return numba.njit(cache=True, nogil=True)(loop)
        except RuntimeError:  # no folder can be written to: each process compiles anew
            return numba.njit(nogil=True)(loop)

    @wraps(loop)
    def run(*arrays: _P.args, **named: _P.kwargs) -> _T:
        return machine_code()(*arrays, **named)

    return run


@compiled
def positions_until(entities: Integers, times: Integers, of: Integers, at: Integers) -> Integers:
    """The position after the last event of each entity ``of`` at or before the moment ``at``.

    Events are in the order (entity, time). Those asked for may be in any, and cost least in the same: the first is
    searched for, each other one looked for from where the one before was found.
    """
    result = np.empty(len(of), np.int64)
    n, beyond = 0, len(times) if len(of) else 0
    while n < beyond:
        half = (n + beyond) // 2
        if entities[half] < of[0] or (entities[half] == of[0] and times[half] <= at[0]):
            n = half + 1
        else:
            beyond = half
    for one in range(len(of)):
        entity, moment = of[one], at[one]
        while n < len(times) and (entities[n] < entity or (entities[n] == entity and times[n] <= moment)):
            n += 1
        while n > 0 and (entities[n - 1] > entity or (entities[n - 1] == entity and times[n - 1] > moment)):
            n -= 1
        result[one] = n
    return result


@compiled
def members(first: Integers, groups: Integers) -> tuple[Integers, Integers]:
    """The members of some groups, one group after the other: each one's index in ``groups``, and which member it is.

    Those of the group at n are numbered from ``first[n]`` until before ``first[n + 1]``.
    """
    count = 0
    for group in groups:
        count += first[group + 1] - first[group]
    index, member = np.empty(count, np.int64), np.empty(count, np.int64)
    result = 0
    for at in range(len(groups)):
        for one in range(first[groups[at]], first[groups[at] + 1]):
            index[result], member[result] = at, one
            result += 1
    return index, member


@compiled
def grown(running: npt.NDArray[Any], start: Integers, end: Integers) -> npt.NDArray[Any]:
    """By how much running totals grow from each start to its end."""
    result = np.empty(len(start), running.dtype)
    for one in range(len(start)):
        result[one] = running[end[one]] - running[start[one]]
    return result


@compiled
def means(sums: Floats, counts: Integers, empty: float) -> Floats:
    """Each sum by its count; ``empty`` of nothing."""
    result = np.empty(len(sums))
    for one in range(len(sums)):
        result[one] = sums[one] / counts[one] if counts[one] > 0 else empty
    return result


@compiled
def gather(values: Floats, end: Integers, mask: Mask) -> Floats:
    """The values before each position, newest first, of the shape of the mask; NaN where that is false."""
    result = np.empty(mask.shape)
    for row in range(mask.shape[0]):
        for back in range(mask.shape[1]):
            result[row, back] = values[end[row] - 1 - back] if mask[row, back] else np.nan
    return result


@compiled
def clear_in_interval(
    mask: Mask, end: Integers, now: Integers, event: Integers, since: Integers, until: Integers
) -> Mask:
    """The mask, cleared for the events before each position that have an interval ``[since, until)`` around ``now``.

    Positions are in ascending order, and so are the events that the intervals are of.
    """
    result = mask.copy()
    first = 0
    for interval in range(len(event)):
        while first < len(end) and end[first] <= event[interval]:
            first += 1
        row = first
        while row < len(end) and end[row] - 1 - event[interval] < mask.shape[1]:
            if since[interval] <= now[row] < until[interval]:
                result[row, end[row] - 1 - event[interval]] = False
            row += 1
    return result


@compiled
def share_between(values: Floats, end: Integers, mask: Mask, low: Floats, high: Floats) -> Floats:
    """Of the events before each position, the share with a value from ``low`` to ``high``; NaN of none.

    Events without a value, NaN, do not count. Where ``low`` is above ``high``, values go round, as hours do. No branch
    depends on a value, so that the processor takes several at once.
    """
    result = np.empty(len(mask))
    for row in range(len(mask)):
        n, hits = 0, 0
        last, least, most = end[row], low[row], high[row]
        sides = 1 if least > most else 2  # on which a value has to be right
        for back in range(min(mask.shape[1], last)):
            value = values[last - 1 - back]
            counts = mask[row, back] & (value == value)
            n += counts
            hits += counts & ((value >= least) + (value <= most) >= sides)
        result[row] = hits / n if n else np.nan
    return result


@compiled
def gaps(values: Floats, end: Integers, mask: Mask) -> Floats:
    """Of the values before each position, newest first, each less the one before it; NaN where the mask lacks one."""
    result = np.empty((mask.shape[0], mask.shape[1] - 1))
    for row in range(result.shape[0]):
        for back in range(result.shape[1]):
            event = end[row] - 1 - back
            both = mask[row, back] and mask[row, back + 1]
            result[row, back] = values[event] - values[event - 1] if both else np.nan
    return result


@compiled
def event_mask(start: Integers, end: Integers, width: int) -> Mask:
    """Whether there is an event ``back`` before each end that is not before its start; of the shape (rows, width)."""
    result = np.empty((len(end), width), np.bool_)
    for row in range(len(end)):
        for back in range(width):
            result[row, back] = end[row] - back > start[row]
    return result


@compiled
def middle_of_sorted(ascending: Floats) -> Floats:
    """The middle of each row's values that are not NaN, which come last; NaN where there are none."""
    result = np.empty(len(ascending))
    for row in range(len(ascending)):
        n = ascending.shape[1]
        while n and np.isnan(ascending[row, n - 1]):
            n -= 1
        result[row] = (ascending[row, (n - 1) // 2] + ascending[row, n // 2]) / 2 if n else np.nan
    return result


@compiled
def deviation_of_sorted(ascending: Floats) -> Floats:
    """The median distance of each row's values from their middle; values that are NaN come last, NaN where all are.

    The k values nearest to the middle stand side by side: of all k that do, those of which the farthest is nearest.
    """
    result = np.empty(len(ascending))
    for row in range(len(ascending)):
        values = ascending[row]
        n = len(values)
        while n and np.isnan(values[n - 1]):
            n -= 1
        middle = (values[(n - 1) // 2] + values[n // 2]) / 2 if n else np.nan
        nearer, farther = np.inf, np.inf  # the farthest of half of the values, and of one more where they are even
        half = (n + 1) // 2
        for first in range(n - half + 1):
            nearer = min(nearer, max(middle - values[first], values[first + half - 1] - middle))
        half = n // 2 + 1
        for first in range(n - half + 1):
            farther = min(farther, max(middle - values[first], values[first + half - 1] - middle))
        result[row] = (nearer + farther) / 2 if n else np.nan
    return result


@compiled
def newest_run(
    happened: Floats, known: Floats, values: Floats, gap: float
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Of each row's newest events until one that did not happen within ``gap`` of that before it.

    How many, when the first and the last happened, when they became known, and the mean of the values; events that are
    not there, NaN, are passed over, and what there is nothing to take from is NaN.
    """
    rows = len(happened)
    count, first, last = np.zeros(rows), np.full(rows, np.nan), np.full(rows, np.nan)
    known_first, known_last, mean = np.full(rows, np.nan), np.full(rows, np.nan), np.full(rows, np.nan)
    for row in range(rows):
        total = 0.0
        for back in range(happened.shape[1]):
            time = happened[row, back]
            if np.isnan(time):
                continue
            if count[row] == 0:
                last[row], known_last[row] = time, known[row, back]
            elif abs(first[row] - time) > gap:
                break
            first[row], known_first[row] = time, known[row, back]
            count[row] += 1
            total += values[row, back]
        if count[row]:
            mean[row] = total / count[row]
    return count, first, last, known_first, known_last, mean
