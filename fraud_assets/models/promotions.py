"""Who was champion when: the log of promotions and rollbacks, and what follows from it.

What belongs here: the events and pure functions over them. A source's events are the versions of a registered model of
their own in MLflow, ``fraud-<source>-promotions``: MLflow numbers them without gaps and writes each, with its tags, in
one transaction. An event says which champion it replaces, so that of two written at once the second one has no effect.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["promotion", "rollback"]


@dataclass(frozen=True)
class Event:
    """A version became champion in place of another (None: there was none); ``at`` is ISO 8601 in UTC."""

    number: int
    kind: Kind
    version: int
    replaces: int | None
    run_id: str
    at: str

    def tags(self) -> dict[str, str]:
        """The event as tags of its version in MLflow."""
        replaces = "none" if self.replaces is None else str(self.replaces)
        return {"kind": self.kind, "version": str(self.version), "replaces": replaces}

    @classmethod
    def from_rest(cls, answer: Mapping[str, Any]) -> "Event":
        """The event that a model version of MLflow's REST API holds."""
        tags = {tag["key"]: tag["value"] for tag in answer["tags"]}
        return cls(
            number=int(answer["version"]),
            kind="rollback" if tags["kind"] == "rollback" else "promotion",
            version=int(tags["version"]),
            replaces=None if tags["replaces"] == "none" else int(tags["replaces"]),
            run_id=answer["run_id"],
            at=datetime.fromtimestamp(int(answer["creation_timestamp"]) / 1000, UTC).isoformat(timespec="milliseconds"),
        )


@dataclass(frozen=True)
class History:
    """The champions in force, oldest first, the newest of them the champion now; and the events that had an effect."""

    champions: tuple[int, ...]
    events: tuple[Event, ...]

    @property
    def champion(self) -> int | None:
        """The version that is champion; None without one."""
        return self.champions[-1] if self.champions else None

    @property
    def previous(self) -> int | None:
        """The champion that a rollback puts back; None without one."""
        return self.champions[-2] if len(self.champions) > 1 else None


def history(events: Iterable[Event], before: int | None = None) -> History:
    """What follows from a source's events; ``before`` is the champion of a registry that has no events yet.

    >>> def event(number, version, replaces, kind="promotion"):
    ...     return Event(number, kind, version, replaces, "run", "")
    >>> history([event(1, 1, None), event(2, 2, 1), event(3, 3, 1)]).champions  # the third came too late
    (1, 2)
    >>> history([event(1, 1, None), event(2, 2, 1), event(3, 1, 2, "rollback")]).champions
    (1,)
    >>> again = [event(1, 9, None), event(2, 1, 9), event(3, 2, 1), event(4, 1, 2)]  # version 1 is champion again
    >>> history([*again, event(5, 9, 1, "rollback")]).champions  # written for the time before: it came too late
    (9, 1, 2, 1)
    """
    champions = [] if before is None else [before]
    effective: list[Event] = []
    for event in sorted(events, key=lambda one: one.number):
        if not effective and event.replaces is not None:
            champions = [event.replaces]
        if event.replaces != (champions[-1] if champions else None):
            continue
        if event.kind == "promotion":
            champions.append(event.version)
        elif champions[-2:-1] == [event.version]:
            champions.pop()
        else:
            continue
        effective.append(event)
    return History(tuple(champions), tuple(effective))
