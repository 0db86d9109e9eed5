"""A progress bar that begins with the first news of the work, so that an error found before it stands alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress


@contextmanager
def ended(bar: Progress) -> Iterator[None]:
    """Stops the bar at the end, if whoever tells it of progress has started it."""
    try:
        yield
    finally:
        if bar.live.is_started:
            bar.stop()
