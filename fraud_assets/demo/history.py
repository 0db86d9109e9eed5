"""The demonstration's simulated world and period, kept in the runtime folder so that a later one goes on from it."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from fraud_assets.declarations.tables import ALL
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings
from fraud_assets.sources.cards.simulate import Period
from fraud_assets.sources.cards.world import World


@dataclass(frozen=True)
class History:
    """A world and the period of its history that was sent to Kafka."""

    customers: int
    terminals: int
    seed: int
    start: date
    end: datetime

    @property
    def world(self) -> World:
        """The world itself."""
        return World(self.customers, self.terminals, self.seed)

    @property
    def period(self) -> Period:
        """The period of the history."""
        return Period(self.start, self.end)


def starting_now(customers: int, terminals: int, seed: int, days: int) -> History:
    """A new history, of so many days until now."""
    end = datetime.now(UTC)
    return History(customers, terminals, seed, Period.ending(end, days).start, end)


def remembered(settings: Settings) -> History | None:
    """The history an earlier demonstration sent; None when there was none.

    Raises:
        FraudError: the lake holds tables of another stack, whose Kafka is gone.
    """
    file = _file(settings)
    if not file.exists():
        if any(Lake.of(settings).opened(table) for table in ALL):
            raise FraudError(
                f"the lake at {settings.lake} holds tables but their Kafka is gone; begin anew with: fraud demo --fresh"
            )
        return None
    found = json.loads(file.read_text())
    start, end = date.fromisoformat(found.pop("start")), datetime.fromisoformat(found.pop("end"))
    return History(**found, start=start, end=end)


def remember(history: History, settings: Settings) -> None:
    """Keep the history for the next demonstration."""
    facts = {"customers": history.customers, "terminals": history.terminals, "seed": history.seed}
    times = {"start": history.start.isoformat(), "end": history.end.isoformat()}
    _file(settings).write_text(json.dumps(facts | times))


def forget(settings: Settings) -> None:
    """Remove the lake's tables and everything the stack kept; the stack must be down."""
    Lake.of(settings).remove()
    shutil.rmtree(settings.runtime, ignore_errors=True)


def _file(settings: Settings) -> Path:
    return settings.runtime / "demo.json"
