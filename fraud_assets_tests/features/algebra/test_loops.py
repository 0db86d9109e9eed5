"""Each compiled loop does what a plain one over lists does."""

import bisect
import math
import statistics
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_assets.features.algebra import loops as compiled
from fraud_assets.features.algebra.loops import (
    clear_in_interval,
    deviation_of_sorted,
    event_mask,
    gaps,
    gather,
    grown,
    means,
    members,
    middle_of_sorted,
    newest_run,
    positions_until,
    share_between,
)

ENTITY, TIME = st.integers(0, 3), st.integers(0, 9)
VALUE = st.one_of(st.just(math.nan), st.integers(-9, 9).map(float))
SETTINGS = settings(deadline=None, max_examples=100)


def matrix(rows: list[list[Any]], kind: type) -> np.ndarray:
    return np.array(rows, kind).reshape(len(rows), -1)


def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one for one, _ in pairs], int), np.array([other for _, other in pairs], int)


def before(values: list[float], data: st.DataObject) -> tuple[list[int], list[list[bool]]]:
    """Some positions among the values, and which of the three before each count."""
    end = data.draw(st.lists(st.integers(0, len(values)), min_size=1))
    return end, [[back < one and data.draw(st.booleans()) for back in range(3)] for one in end]


def rectangle(cell: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    return st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1))


@SETTINGS
@given(st.lists(st.tuples(ENTITY, TIME)), st.lists(st.tuples(ENTITY, TIME)))
def test_positions_in_any_order(events: list[tuple[int, int]], wanted: list[tuple[int, int]]) -> None:
    events.sort()
    found = positions_until(*columns(events), *columns(wanted))
    assert found.tolist() == [bisect.bisect_right(events, one) for one in wanted]


@SETTINGS
@given(st.lists(VALUE, min_size=1), st.data())
def test_values_before_a_position(values: list[float], data: st.DataObject) -> None:
    end, there = before(values, data)
    expected = [
        [values[one - 1 - back] if row[back] else math.nan for back in range(3)]
        for one, row in zip(end, there, strict=True)
    ]
    found = gather(np.array(values), np.array(end), matrix(there, bool))
    np.testing.assert_array_equal(found, expected)


@SETTINGS
@given(st.lists(st.lists(st.tuples(TIME, TIME), max_size=2), min_size=3, max_size=6), st.data())
def test_events_that_are_in_no_interval(intervals: list[list[tuple[int, int]]], data: st.DataObject) -> None:
    end = sorted(data.draw(st.lists(st.integers(0, len(intervals)), min_size=1)))
    now = [data.draw(TIME) for _ in end]
    there = [[back < one and data.draw(st.booleans()) for back in range(3)] for one in end]
    expected = [
        [row[back] and not any(since <= at < until for since, until in intervals[one - 1 - back]) for back in range(3)]
        for one, at, row in zip(end, now, there, strict=True)
    ]
    event = np.repeat(np.arange(len(intervals)), [*map(len, intervals)])
    since, until = columns([interval for of in intervals for interval in of])
    found = clear_in_interval(matrix(there, bool), np.array(end), np.array(now), event, since, until)
    assert found.tolist() == expected


@SETTINGS
@given(st.lists(st.tuples(VALUE, st.integers(0, 3)), min_size=1), VALUE)
def test_means(totals: list[tuple[float, int]], empty: float) -> None:
    expected = [total / n if n else empty for total, n in totals]
    found = means(np.array([total for total, _ in totals]), np.array([n for _, n in totals]), empty)
    np.testing.assert_array_equal(found, expected)


@SETTINGS
@given(st.lists(VALUE, min_size=1), st.data())
def test_share_of_values_between(values: list[float], data: st.DataObject) -> None:
    end, there = before(values, data)
    low, high = ([data.draw(VALUE) for _ in end] for _ in range(2))

    def expected(one: int, row: list[bool], least: float, most: float) -> float:
        seen = [values[one - 1 - back] for back in range(3) if row[back]]
        seen = [value for value in seen if not math.isnan(value)]
        hits = [v >= least or v <= most if least > most else least <= v <= most for v in seen]
        return sum(hits) / len(seen) if seen else math.nan

    found = share_between(np.array(values), np.array(end), matrix(there, bool), np.array(low), np.array(high))
    np.testing.assert_array_equal(found, [*map(expected, end, there, low, high)])


@SETTINGS
@given(st.lists(VALUE, min_size=1), st.data())
def test_gaps_between_values(values: list[float], data: st.DataObject) -> None:
    end, there = before(values, data)
    expected = [
        [values[one - 1 - n] - values[one - 2 - n] if row[n] and row[n + 1] else math.nan for n in range(2)]
        for one, row in zip(end, there, strict=True)
    ]
    np.testing.assert_array_equal(gaps(np.array(values), np.array(end), matrix(there, bool)), expected)


@SETTINGS
@given(st.lists(st.tuples(TIME, TIME), min_size=1))
def test_events_since_a_start(windows: list[tuple[int, int]]) -> None:
    expected = [[end - 1 - back >= start for back in range(3)] for start, end in windows]
    assert event_mask(*columns(windows), 3).tolist() == expected


@SETTINGS
@given(st.lists(st.integers(0, 3), min_size=1), st.data())
def test_members_of_groups(sizes: list[int], data: st.DataObject) -> None:
    first = np.cumsum([0, *sizes])
    groups = data.draw(st.lists(st.integers(0, len(sizes) - 1)))
    expected = [(at, one) for at, group in enumerate(groups) for one in range(first[group], first[group + 1])]
    place, member = members(first, np.array(groups, int))
    assert [*zip(place, member, strict=True)] == expected


@SETTINGS
@given(st.lists(st.integers(-9, 9), min_size=1), st.data())
def test_growth_of_totals(totals: list[int], data: st.DataObject) -> None:
    start, end = (data.draw(st.lists(st.integers(0, len(totals) - 1), min_size=2, max_size=2)) for _ in range(2))
    expected = [totals[until] - totals[since] for since, until in zip(start, end, strict=True)]
    assert grown(np.array(totals), np.array(start), np.array(end)).tolist() == expected


@SETTINGS
@given(rectangle(VALUE))
def test_medians(rows: list[list[float]]) -> None:
    kept = [[value for value in row if not math.isnan(value)] for row in rows]
    expected = [statistics.median(row) if row else math.nan for row in kept]
    np.testing.assert_array_equal(middle_of_sorted(np.sort(matrix(rows, float), axis=1)), expected)


@SETTINGS
@given(rectangle(VALUE))
def test_median_distances(rows: list[list[float]]) -> None:
    kept = [[value for value in row if not math.isnan(value)] for row in rows]
    middles = [statistics.median(row) if row else math.nan for row in kept]
    expected = [
        statistics.median(abs(value - middle) for value in row) if row else math.nan
        for row, middle in zip(kept, middles, strict=True)
    ]
    np.testing.assert_array_equal(deviation_of_sorted(np.sort(matrix(rows, float), axis=1)), expected)


@SETTINGS
@given(rectangle(st.tuples(VALUE, TIME.map(float), VALUE)), TIME.map(float))
def test_runs(rows: list[list[tuple[float, float, float]]], gap: float) -> None:
    def expected(row: list[tuple[float, float, float]]) -> list[float]:
        run: list[tuple[float, float, float]] = []
        for event in row:
            if math.isnan(event[0]):
                continue
            if run and abs(run[-1][0] - event[0]) > gap:
                break
            run.append(event)
        if not run:
            return [0, *[math.nan] * 5]
        (last, known_last, _), (first, known_first, _) = run[0], run[-1]
        return [len(run), first, last, known_first, known_last, sum(value for _, _, value in run) / len(run)]

    times, known, values = (matrix([[event[k] for event in row] for row in rows], float) for k in range(3))
    found = newest_run(times, known, values, gap)
    np.testing.assert_array_equal(np.column_stack(found), [expected(row) for row in rows])


def test_a_machine_without_a_folder_for_it_compiles_in_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def njit(cache: bool = False, **options: Any) -> Callable[..., Any]:
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available for file")
        compiled: Callable[..., Any] = real(**options)
        return compiled

    monkeypatch.setattr(numba, "njit", njit)

    def double(values: np.ndarray) -> np.ndarray:
        return values * 2

    assert compiled.compiled(double)(np.arange(3)).tolist() == [0, 2, 4]
