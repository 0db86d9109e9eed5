"""What features are computed from: events of many entities on timelines. Who keeps the events does not show.

What belongs here: the two protocols that `compute` knows. FrameTimelines (frame.py) implements them over a sorted
frame, LiveTimelines (live.py) over blocks that grow event by event.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import polars as pl

from fraud_assets.features.algebra.loops import Floats, Integers, Mask
from fraud_assets.features.algebra.windows import Totals


class Events(Protocol):
    """Events of many entities; those of one entity stand together, in order of time. Each event has a position."""

    def until(self, entities: Integers, times: Integers) -> Integers:
        """For each entity and time (µs), the position after the entity's last event at or before that time."""

    def column(self, name: str) -> Floats:
        """A column of the events, by position; NaN where an event has no value."""

    def totals(self, column: str, start: Integers, end: Integers) -> Totals:
        """Totals of a column over the positions ``[start, end)``."""

    def highest(self, column: str, start: Integers, end: Integers) -> Floats:
        """The maximum of a column over the positions ``[start, end)``; NaN of none."""

    def latest(self, column: str, start: Integers, end: Integers) -> Floats:
        """The time (µs) of the last of the events ``[start, end)`` whose column is not 0; NaN without one."""


class EntityTimelines(Protocol):
    """All timelines of customers, or of merchants, and the payments whose features are asked for."""

    @property
    def at(self) -> Integers:
        """The positions in ``payments`` of those that are asked for and have an entity."""

    @property
    def entities(self) -> Integers:
        """Their entities."""

    @property
    def now(self) -> Integers:
        """Their event times, µs."""

    @property
    def payments(self) -> Events:
        """The payments by event time."""

    @property
    def labels(self) -> Events:
        """Labels by when they became known: ``is_fraud``, by how much the frauds change, and ``count``, of labels."""

    @property
    def frauds(self) -> Events:
        """Payments by when they became known as frauds: their columns, ``known`` and ``until`` (µs)."""

    @property
    def genuine(self) -> Events:
        """Payments by when they became known as genuine: their columns."""

    def ended(self, column: str, window: int) -> Totals | None:
        """Totals of what became known as genuine within the window (s) and was known as fraud again by now."""

    def not_fraud(self, mask: Mask, which: Integers) -> Mask:
        """The mask over the payments before ``at[which]``, newest first, without those known as fraud by then."""

    def load(self, names: Iterable[str], frame: pl.DataFrame) -> None:
        """Take columns of payments from a frame, if they are not there yet; texts become numbers."""

    def series(self, values: Mapping[str, Floats]) -> list[pl.Series]:
        """Values of those asked for as columns, in the order in which they were asked for; null for NaN."""
