"""Parallel work in threads of this process, for numpy, Polars and XGBoost, which release the interpreter lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from threading import Event
from typing import Generic, TypeVar

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


class Feed(Generic[_In]):
    """A stream from one thread to another; at most ``ahead`` things wait between them.

    >>> feed = Feed(2)
    >>> feed.put(1), feed.end()
    (None, None)
    >>> list(feed)
    [1]
    """

    _WAIT_S = 0.05

    def __init__(self, ahead: int) -> None:
        """An empty stream."""
        self._things: Queue[tuple[_In] | BaseException | None] = Queue(ahead)
        self._abandoned = Event()

    def put(self, thing: _In) -> None:
        """Add a thing, as soon as there is room; nothing once the reader has abandoned the stream."""
        self._add((thing,))

    def end(self, error: BaseException | None = None) -> None:
        """End the stream; with an error the reader raises it after what it has been given."""
        self._add(error)

    def abandon(self) -> None:
        """Read no more."""
        self._abandoned.set()

    def __iter__(self) -> Iterator[_In]:
        """The things in order."""
        while isinstance(thing := self._things.get(), tuple):
            yield thing[0]
        if thing is not None:
            raise thing

    def _add(self, thing: tuple[_In] | BaseException | None) -> None:
        while not self._abandoned.is_set():
            try:
                self._things.put(thing, timeout=self._WAIT_S)
                return
            except Full:
                continue
