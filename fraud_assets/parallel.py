"""Parallel work in threads of this process, for numpy, Polars and XGBoost, which release the interpreter lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import polars as pl

CORES = pl.thread_pool_size()

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def each(
    pool: ThreadPoolExecutor, work: Callable[[_In], _Out], items: Iterable[_In], ahead: int = CORES
) -> Iterator[_Out]:
    """The results of ``work`` for each item, in order; at most ``ahead`` are computed before they are consumed.

    An error is raised at the position of its result.

    >>> with ThreadPoolExecutor(CORES) as pool:
    ...     print(*each(pool, abs, [-3, -1, 2]))
    3 1 2
    """
    made: deque[Future[_Out]] = deque()
    for item in items:
        made.append(pool.submit(work, item))
        if len(made) > ahead:
            yield made.popleft().result()
    yield from (one.result() for one in made)
