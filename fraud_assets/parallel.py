"""Work on a stream of things by all cores of this process: for what numpy, Polars or XGBoost do outside Python."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import polars as pl

CORES = pl.thread_pool_size()

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def each(
    pool: ThreadPoolExecutor, work: Callable[[_In], _Out], things: Iterable[_In], ahead: int = CORES
) -> Iterator[_Out]:
    """What ``work`` makes of each thing, in order; no more than ``ahead`` are made before they are asked for.

    An error is raised where its result would come.

    >>> with ThreadPoolExecutor(CORES) as pool:
    ...     print(*each(pool, abs, [-3, -1, 2]))
    3 1 2
    """
    made: deque[Future[_Out]] = deque()
    for thing in things:
        made.append(pool.submit(work, thing))
        if len(made) > ahead:
            yield made.popleft().result()
    yield from (one.result() for one in made)
