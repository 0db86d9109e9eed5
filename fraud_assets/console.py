"""How commands show things: texts as they are, and a bar of progress that begins with the first news of the work."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

_WIDE = 10_000
"""More columns than any table takes."""


def plain(stderr: bool = False) -> Console:
    """A console that shows every text as it is: data may hold what rich would take for markup or an emoji.

    Into a pipe or a file, where no screen is too narrow, tables are as wide as what they hold.
    """
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


@contextmanager
def ended(bar: Progress) -> Iterator[None]:
    """Stops a bar at the end if progress has started it, so that an error found before that stands alone."""
    try:
        yield
    finally:
        if bar.live.is_started:
            bar.stop()
