"""When to strike: moments of a step, found by watching the lake's files."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake


@dataclass(frozen=True)
class Moment:
    """When to strike: as soon as a file of this kind appears below the table's folder."""

    table: Table
    files: str

    def seen(self, lake: Lake) -> set[Path]:
        """The files of the kind that are there."""
        return set(Path(lake.path(self.table)).glob(self.files))


def writing(table: Table) -> Moment:
    """Rows are being written, and not yet committed."""
    return Moment(table, "source=*/*.parquet")


def committed(table: Table) -> Moment:
    """Rows were committed, and the step does not know it yet."""
    return Moment(table, "_delta_log/*.json")


@contextmanager
def struck(lake: Lake, moment: Moment, strike: Callable[[], None]) -> Iterator[None]:
    """The block is struck at the moment, which must come, and fails, unless it was as good as done."""
    before, over, struck = moment.seen(lake), threading.Event(), threading.Event()

    def watch() -> None:
        while not over.is_set():
            if moment.seen(lake) - before:
                strike()
                struck.set()
                return
            time.sleep(0.001)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    except Exception:
        if not struck.is_set():
            raise
    finally:
        over.set()
        watching.join()
    assert struck.is_set(), f"{moment} never came"
