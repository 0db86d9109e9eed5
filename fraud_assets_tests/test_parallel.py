"""Work on a stream of things: in order, not far ahead, errors where they belong."""

import doctest
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fraud_assets import parallel
from fraud_assets.parallel import each


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def test_examples() -> None:
    results = doctest.testmod(parallel)
    assert results.attempted
    assert not results.failed


def test_results_come_in_order_though_the_first_takes_longest(pool: ThreadPoolExecutor) -> None:
    def slow(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert [*each(pool, slow, [0.05, 0.01, 0.0])] == [0.05, 0.01, 0.0]


def test_no_more_is_taken_than_may_be_ahead(pool: ThreadPoolExecutor) -> None:
    consumed: list[int] = []

    def things() -> Iterator[int]:
        for thing in range(100):
            consumed.append(thing)
            yield thing

    results = each(pool, str, things(), 2)
    assert [next(results), next(results)] == ["0", "1"]
    assert consumed == [0, 1, 2, 3]


def test_an_error_comes_where_its_result_would(pool: ThreadPoolExecutor) -> None:
    results = each(pool, lambda thing: 6 / thing, [2, 0, 3])
    assert next(results) == 3
    with pytest.raises(ZeroDivisionError):
        next(results)
