"""Loops over events for which NumPy has only searches and large intermediate arrays, compiled by Numba.

What belongs here: arrays in, arrays out; what a payment, a label or a feature is does not. A machine compiles each when
it first runs it and keeps the result where ``NUMBA_CACHE_DIR`` says, in ``__pycache__``, or in the user's cache.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def _compiled(loop: Callable[_P, _T]) -> Callable[_P, _T]:
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


@_compiled
def positions_until(entities: Integers, times: Integers, of: Integers, at: Integers) -> Integers:
    """The position after the last event of each entity ``of`` at or before the moment ``at``.

    Events are in the order (entity, time). Those asked for may be in any, and cost least in the same: the first is
    searched for, each other one looked for from where the one before was found.
    """
    found = np.empty(len(of), np.int64)
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
        found[one] = n
    return found


@_compiled
def taken(values: Floats, end: Integers, there: Mask) -> Floats:
    """The values before each position, newest first, of the shape of ``there``; NaN where that is false."""
    found = np.empty(there.shape)
    for row in range(there.shape[0]):
        for back in range(there.shape[1]):
            found[row, back] = values[end[row] - 1 - back] if there[row, back] else np.nan
    return found


@_compiled
def during(first: Integers, since: Integers, until: Integers, end: Integers, now: Integers, there: Mask) -> Mask:
    """Whether each event before a position is in one of its spells, ``[since, until)``, now; of the shape of ``there``.

    The spells of the event at n are those from ``first[n]`` until before ``first[n + 1]``.
    """
    found = np.zeros(there.shape, np.bool_)
    for row in range(there.shape[0]):
        for back in range(there.shape[1]):
            if there[row, back]:
                event = end[row] - 1 - back
                for spell in range(first[event], first[event + 1]):
                    if since[spell] <= now[row] < until[spell]:
                        found[row, back] = True
    return found


@_compiled
def share(hits: Mask, among: Mask) -> Floats:
    """The share of hits among each row's events; NaN of none."""
    found = np.empty(len(among))
    for row in range(len(among)):
        n, hit = 0, 0
        for column in range(among.shape[1]):
            n += among[row, column]
            hit += among[row, column] & hits[row, column]
        found[row] = hit / n if n else np.nan
    return found


@_compiled
def middle_of_sorted(ascending: Floats) -> Floats:
    """The middle of each row's values that are not NaN, which come last; NaN where there are none."""
    found = np.empty(len(ascending))
    for row in range(len(ascending)):
        n = ascending.shape[1]
        while n and np.isnan(ascending[row, n - 1]):
            n -= 1
        found[row] = (ascending[row, (n - 1) // 2] + ascending[row, n // 2]) / 2 if n else np.nan
    return found


@_compiled
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
    for row in range(len(happened)):
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
