"""Exact aggregates over event-time windows, for many entities at once.

What belongs here: arithmetic on arrays of entities, times and values. What a payment, a label or a feature is does not.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.features.algebra.loops import Floats, Integers, grown, means, positions_until

Unsigned = npt.NDArray[np.uint64]

_MILLION = 1_000_000
_2_64 = 2.0**64


def codes_of(entities: pl.Series) -> Integers:
    """A number for each entity, in the order in which they first appear; -1 for none."""
    found = entities.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode().indices
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


def ordered(entities: Integers, times: Integers, tie_break: pl.Series | None = None) -> Integers:
    """Positions that put events in the order (entity, time, tie-break, position)."""
    if _ascending(entities, times):
        order = np.arange(len(times))
    else:
        by_time = np.argsort(times, kind="stable")
        codes = entities[by_time] - entities.min(initial=0)
        smallest = np.min_scalar_type(codes.max(initial=0))  # NumPy sorts numbers of two bytes by their digits
        order = by_time[np.argsort(codes.astype(smallest), kind="stable")]
    if tie_break is not None:
        entity, time = entities[order], times[order]
        same = np.flatnonzero((entity[1:] == entity[:-1]) & (time[1:] == time[:-1]))
        tied = np.union1d(same, same + 1)
        rows = order[tied]
        order[tied] = rows[np.lexsort((tie_break.gather(rows).to_numpy(), times[rows], entities[rows]))]
    return order


def _ascending(entities: Integers, times: Integers) -> bool:
    following = entities[1:] - entities[:-1]
    return bool(((following > 0) | ((following == 0) & (times[1:] >= times[:-1]))).all())


@dataclass(frozen=True)
class Running:
    """Totals of all events before each position, from 0 to the number of events; each made when first asked for.

    Values are whole millionths, so that sums are exact and do not depend on what else a frame holds. A sum must stay
    below 9.2e12; a sum of squares is kept modulo 2^64, and again as a float that is near enough to tell the rest.
    """

    counts: Integers  # an event that counts -1 takes its value back
    values: Floats

    @cached_property
    def each_once(self) -> bool:
        """Whether every event counts as one."""
        return bool((self.counts == 1).all())

    @cached_property
    def count(self) -> Integers:
        """How many."""
        return _running(self.counts)

    @cached_property
    def millionths(self) -> Integers:
        """The sums."""
        return _running(self._signed(self._millionths))

    @cached_property
    def squares(self) -> Unsigned:
        """The sums of squares modulo 2^64."""
        unsigned = np.abs(self._millionths).astype(np.uint64)
        squares = unsigned * unsigned
        return _running(np.where(self.counts < 0, np.zeros(1, np.uint64) - squares, squares))

    @cached_property
    def about(self) -> Floats:
        """The sums of squares, nearly."""
        return _running(self._signed(np.square(self._millionths.astype(np.float64))))

    @property
    def _millionths(self) -> Integers:
        return np.rint(self.values * _MILLION).astype(np.int64)

    def _signed(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.where(self.counts < 0, -values, values)


@dataclass(frozen=True)
class Totals:
    """Counts, sums and sums of squares of the events at positions ``[start, end)``, less others; see `Running`."""

    running: Running
    start: Integers
    end: Integers
    less: "Totals | None" = None

    @cached_property
    def count(self) -> Integers:
        """How many."""
        return self._of("count")

    @cached_property
    def millionths(self) -> Integers:
        """The sums."""
        return self._of("millionths")

    def _of(self, name: str) -> npt.NDArray[Any]:
        if name == "count" and self.running.each_once:
            found = self.end - self.start
        else:
            found = grown(getattr(self.running, name), self.start, self.end)
        if self.less is not None:
            found -= self.less._of(name)
        return found

    def sum(self) -> Floats:
        """The sums; 0 of nothing."""
        return self.millionths / _MILLION

    def mean(self, empty: float | None = None) -> Floats:
        """The means; ``empty``, or NaN, of nothing."""
        return means(self.sum(), self.count, np.nan if empty is None else empty)

    def std(self) -> Floats:
        """The sample's standard deviations (n - 1); NaN of fewer than two, 0 where it is lost in the rounding."""
        rest = self._of("squares").astype(np.float64)
        squares = np.rint((self._of("about") - rest) / _2_64) * _2_64 + rest
        n = np.maximum(self.count, 2).astype(np.float64)
        sums = self.millionths.astype(np.float64)
        spread = np.maximum(squares - sums * sums / n, 0)
        spread[spread < 1e-12 * squares] = 0
        return np.where(self.count > 1, np.sqrt(spread / (n - 1)) / _MILLION, np.nan)


@dataclass(frozen=True)
class Timeline:
    """Events in the order (entity, time)."""

    entities: Integers
    times: Integers
    running: Running  # an event that counts -1 takes its value back

    def until(self, entities: Integers, times: Integers) -> Integers:
        """For each entity and time, the position after the entity's last event at or before that time."""
        return positions_until(self.entities, self.times, entities, times)

    def between(self, start: Integers, end: Integers) -> Totals:
        """The totals of the events at positions ``[start, end)``."""
        return Totals(self.running, start, end)


def highest(values: Floats, start: Integers, end: Integers) -> Floats:
    """The maximum of ``values[start:end]`` for each pair; NaN of nothing.

    A sparse table (Bender and Farach-Colton, The LCA Problem Revisited, 2000).
    """
    length = end - start
    level = np.where(length > 0, np.frexp(np.maximum(length, 1))[1] - 1, 0)
    found = np.full(len(start), np.nan)
    table = values
    for power in range(int(level.max(initial=-1)) + 1):
        mine = np.flatnonzero((level == power) & (length > 0))
        found[mine] = np.fmax(table[start[mine]], table[end[mine] - (1 << power)])
        table = np.fmax(table[: -(1 << power)], table[1 << power :])
    return found


def latest(times: Floats, marked: npt.NDArray[np.bool_], start: Integers, end: Integers) -> Floats:
    """The time of the last marked event among ``[start, end)`` for each pair; NaN where there is none."""
    last = np.maximum.accumulate(np.append(-1, np.where(marked, np.arange(len(times)), -1)))[end]
    return np.where(last >= start, times[np.maximum(last, 0)] if len(times) else np.nan, np.nan)


def _running(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate((np.zeros(1, values.dtype), np.cumsum(values, dtype=values.dtype)))
