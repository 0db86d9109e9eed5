"""Exact aggregates over event-time windows, for many entities at once.

What belongs here: arithmetic on arrays of entities, times and values. What a payment, a label or a feature is does not.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.features.algebra.loops import Floats, Integers, grown, means

Unsigned = npt.NDArray[np.uint64]

MILLION = 1_000_000
_2_64 = 2.0**64


def codes_of(entities: pl.Series) -> Integers:
    """A number for each entity, in the order in which they first appear; -1 for none."""
    result = entities.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode().indices
    return np.asarray(result.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


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


class Running(Protocol):
    """Totals of all events before each position. Only differences within one entity have a meaning.

    Values are whole millionths, so that sums are exact and do not depend on what else there is. A sum must stay below
    9.2e12; a sum of squares is kept modulo 2^64, and again as a float that is near enough to tell the rest.
    """

    @property
    def each_once(self) -> bool:
        """Whether every event counts as one."""

    @property
    def count(self) -> Integers:
        """How many."""

    @property
    def millionths(self) -> Integers:
        """The sums."""

    @property
    def squares(self) -> Unsigned:
        """The sums of squares modulo 2^64."""

    @property
    def about(self) -> Floats:
        """The sums of squares, nearly."""


@dataclass(frozen=True)
class RunningOf:
    """The running totals of some values, from 0 to their number; each made when first asked for."""

    counts: Integers  # an event that counts -1 takes its value back, one that counts 0 corrects
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
        return np.rint(self.values * MILLION).astype(np.int64)

    def _signed(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.where(self.counts < 0, -values, values)


def running_of(values: Floats, counts: Integers | None = None) -> RunningOf:
    """The running totals of values, of which those that are NaN do not count."""
    present = ~np.isnan(values)
    return RunningOf((1 if counts is None else counts) * present, np.where(present, values, 0))


class Totals(Protocol):
    """Counts, sums and sums of squares of some events, a row for each window; see `Running`."""

    @property
    def count(self) -> Integers:
        """How many."""

    @property
    def millionths(self) -> Integers:
        """The sums."""

    @property
    def squares(self) -> Unsigned:
        """The sums of squares modulo 2^64."""

    @property
    def about(self) -> Floats:
        """The sums of squares, nearly."""


@dataclass(frozen=True)
class Between:
    """Totals of the events at positions ``[start, end)``; each made when first asked for."""

    running: Running
    start: Integers
    end: Integers

    @cached_property
    def count(self) -> Integers:
        """How many."""
        if self.running.each_once:
            return self.end - self.start
        return grown(self.running.count, self.start, self.end)

    @cached_property
    def millionths(self) -> Integers:
        """The sums."""
        return grown(self.running.millionths, self.start, self.end)

    @cached_property
    def squares(self) -> Unsigned:
        """The sums of squares modulo 2^64."""
        return grown(self.running.squares, self.start, self.end)

    @cached_property
    def about(self) -> Floats:
        """The sums of squares, nearly."""
        return grown(self.running.about, self.start, self.end)


@dataclass(frozen=True)
class StatedTotals:
    """Totals that were counted one by one."""

    count: Integers
    millionths: Integers
    squares: Unsigned
    about: Floats


@dataclass(frozen=True)
class Less:
    """Totals of some events less those of others among them."""

    all_of_them: Totals
    others: Totals

    @cached_property
    def count(self) -> Integers:
        """How many."""
        return self.all_of_them.count - self.others.count

    @cached_property
    def millionths(self) -> Integers:
        """The sums."""
        return self.all_of_them.millionths - self.others.millionths

    @cached_property
    def squares(self) -> Unsigned:
        """The sums of squares modulo 2^64."""
        return self.all_of_them.squares - self.others.squares

    @cached_property
    def about(self) -> Floats:
        """The sums of squares, nearly."""
        return self.all_of_them.about - self.others.about


def sum_of(totals: Totals) -> Floats:
    """The sums; 0 of nothing."""
    return totals.millionths / MILLION


def mean_of(totals: Totals, default: float | None = None) -> Floats:
    """The means; ``default``, or NaN, of nothing."""
    return means(sum_of(totals), totals.count, np.nan if default is None else default)


def std_of(totals: Totals) -> Floats:
    """The sample's standard deviations (n - 1); NaN of fewer than two values.

    n times the squares' sum less the sum's square is a whole number, found as the other sums of squares are.
    """
    n, sums = totals.count, totals.millionths
    unsigned = sums.view(np.uint64)
    rest = (n.view(np.uint64) * totals.squares - unsigned * unsigned).astype(np.float64)
    about = n * _whole(totals.about, totals.squares) - np.square(sums.astype(np.float64))
    spread = np.rint((about - rest) / _2_64) * _2_64 + rest
    pairs = np.maximum(n * (n - 1), 1).astype(np.float64)
    return np.where(n > 1, np.sqrt(spread / pairs) / MILLION, np.nan)


def _whole(about: Floats, modulo: Unsigned) -> Floats:
    """The numbers of which one part is known modulo 2^64 and all of it nearly."""
    rest = modulo.astype(np.float64)
    result: Floats = np.rint((about - rest) / _2_64) * _2_64 + rest
    return result


def highest(values: Floats, start: Integers, end: Integers) -> Floats:
    """The maximum of ``values[start:end]`` for each pair; NaN of nothing.

    A sparse table (Bender and Farach-Colton, The LCA Problem Revisited, 2000).
    """
    length = end - start
    level = np.where(length > 0, np.frexp(np.maximum(length, 1))[1] - 1, 0)
    result = np.full(len(start), np.nan)
    table = values
    for power in range(int(level.max(initial=-1)) + 1):
        mine = np.flatnonzero((level == power) & (length > 0))
        result[mine] = np.fmax(table[start[mine]], table[end[mine] - (1 << power)])
        table = np.fmax(table[: -(1 << power)], table[1 << power :])
    return result


def latest(times: Floats, marked: npt.NDArray[np.bool_], start: Integers, end: Integers) -> Floats:
    """The time of the last marked event among ``[start, end)`` for each pair; NaN where there is none."""
    last = np.maximum.accumulate(np.append(-1, np.where(marked, np.arange(len(times)), -1)))[end]
    return np.where(last >= start, times[np.maximum(last, 0)] if len(times) else np.nan, np.nan)


def _running(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate((np.zeros(1, values.dtype), np.cumsum(values, dtype=values.dtype)))
