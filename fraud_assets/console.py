"""Consoles and progress bars for commands."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

_WIDE = 10_000
"""Wider than any table."""


def plain(stderr: bool = False) -> Console:
    """A console without markup: data may contain what rich would read as markup or an emoji.

    In a pipe or a file, tables are as wide as their content.
    """
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


@contextmanager
def ended(bar: Progress) -> Iterator[None]:
    """Stop the bar at the end of the block if it was started, so that an earlier error is shown without a bar."""
    try:
        yield
    finally:
        if bar.live.is_started:
            bar.stop()
