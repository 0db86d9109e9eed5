"""Timelines over frames: all payments of each customer (or merchant) and the labels about them, sorted by time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.declarations.features.kinds import Entity
from fraud_assets.features.algebra.loops import Floats, Integers, Mask, clear_in_interval, positions_until
from fraud_assets.features.algebra.windows import (
    Between,
    RunningOf,
    Totals,
    codes_of,
    highest,
    latest,
    ordered,
    running_of,
)
from fraud_assets.features.events.labels import Intervals, label_events, label_intervals

SECOND = 1_000_000


@dataclass(frozen=True)
class LabelledPayments:
    """Payments, when they happened, and what became known of them when."""

    ids: pl.DataFrame  # transaction_id, and customer_id or merchant_id or both
    times: Integers  # µs
    labels: pl.DataFrame
    frauds: Intervals
    genuine: Intervals

    @classmethod
    def of(cls, frame: pl.DataFrame, labels: pl.DataFrame, label_delay: int) -> "LabelledPayments":
        """Of a frame of payments, the labels about them and the label delay in seconds."""
        events = label_events(frame, labels, label_delay)
        times = frame["event_time"].to_physical().to_numpy()
        return cls(frame, times, events, *label_intervals(events))


class FrameEvents:
    """Events in the order (entity, time). Columns that it lacks are those of the payments at ``rows``."""

    def __init__(
        self,
        entities: Integers,
        times: Integers,
        columns: dict[str, Floats],
        counts: Integers | None = None,
        payments: "FrameEvents | None" = None,
        rows: Integers | None = None,
    ) -> None:
        """The values of an event that counts -1 are subtracted; one that counts 0 corrects an earlier value."""
        self.entities, self.times, self.columns, self.counts = entities, times, columns, counts
        self._payments, self._rows = payments, rows
        self._running: dict[str, RunningOf] = {}

    def until(self, entities: Integers, times: Integers) -> Integers:
        """See `protocol.Events`."""
        return positions_until(self.entities, self.times, entities, times)

    def column(self, name: str) -> Floats:
        """See `protocol.Events`."""
        if name not in self.columns and self._payments is not None:
            self.columns[name] = self._payments.column(name)[self._rows]
        return self.columns[name]

    def totals(self, column: str, start: Integers, end: Integers) -> Totals:
        """See `protocol.Events`."""
        if column not in self._running:
            self._running[column] = running_of(self.column(column), self.counts)
        return Between(self._running[column], start, end)

    def highest(self, column: str, start: Integers, end: Integers) -> Floats:
        """See `protocol.Events`."""
        return highest(self.column(column), start, end)

    def latest(self, column: str, start: Integers, end: Integers) -> Floats:
        """See `protocol.Events`."""
        return latest(self.times.astype(np.float64), self.column(column) != 0, start, end)


class FrameTimelines:
    """The timelines of a frame's customers or merchants; ``wanted`` says whose features are asked for.

    Columns come from ``source`` or, without one, from the frame at hand.
    """

    def __init__(
        self,
        payments: LabelledPayments,
        entity: Entity,
        wanted: npt.NDArray[np.bool_],
        source: pl.DataFrame | None = None,
    ) -> None:
        """Put the payments that have an entity in the order (entity, event_time, transaction_id)."""
        self._all, self._source = payments, source
        self._codes = codes_of(payments.ids[entity])
        order = ordered(self._codes, payments.times, payments.ids["transaction_id"])
        self._order = order[self._codes[order] >= 0]
        codes, times = self._codes[self._order], payments.times[self._order]
        columns = {entity: codes.astype(np.float64), "event_time": times.astype(np.float64)}
        self.payments = FrameEvents(codes, times, columns)
        self.at: Integers = np.flatnonzero(wanted[self._order])
        self.entities, self.now = codes[self.at], times[self.at]
        self._height = int(np.count_nonzero(wanted))
        self._index = (np.cumsum(wanted) - 1)[self._order[self.at]]  # among those asked for
        self._in_order = len(self.at) == len(self._codes) and not np.any(self._order[1:] < self._order[:-1])

    def load(self, names: Iterable[str], frame: pl.DataFrame) -> None:
        """See `protocol.EntityTimelines`."""
        source = frame if self._source is None else self._source
        for name in set(names) - self.payments.columns.keys():
            values = _numbers(source[name])
            self.payments.columns[name] = values if self._in_order else values[self._order]

    def series(self, values: Mapping[str, Floats]) -> list[pl.Series]:
        """See `protocol.EntityTimelines`."""
        return [pl.Series(name, self._as_asked(of), nan_to_null=True) for name, of in values.items()]

    def _as_asked(self, values: Floats) -> Floats:
        if self._in_order:
            return values
        result = np.full(self._height, np.nan)
        result[self._index] = values
        return result

    @cached_property
    def labels(self) -> FrameEvents:
        """See `protocol.EntityTimelines`."""
        events = self._all.labels
        events = events.filter(self._codes[events["row"].to_numpy()] >= 0)
        row, known = events["row"].to_numpy(), events["known"].to_numpy()
        codes = self._codes[row]
        order = ordered(codes, known, pl.Series(self._positions[row]))
        counts, frauds = events["count"].to_numpy()[order], events["fraud"].to_numpy()[order]
        columns = {"is_fraud": frauds.astype(np.float64), "count": counts.astype(np.float64)}
        return FrameEvents(codes[order], known[order], columns, counts)

    @cached_property
    def frauds(self) -> FrameEvents:
        """See `protocol.EntityTimelines`."""
        return self._by_since(self._fraud)

    @cached_property
    def genuine(self) -> FrameEvents:
        """See `protocol.EntityTimelines`."""
        return self._by_since(self._genuine)

    def ended(self, column: str, window: int) -> Totals | None:
        """See `protocol.EntityTimelines`."""
        span = window * SECOND
        ended = self._genuine.of(self._genuine.until < self._genuine.since + span)
        if not len(ended.row):
            return None
        row, counts = np.tile(ended.row, 2), np.repeat([1, -1], len(ended.row))
        events = self._events(row, np.concatenate((ended.until, ended.since + span)), {}, counts)
        return events.totals(
            column, np.searchsorted(events.entities, self.entities), events.until(self.entities, self.now)
        )

    def not_fraud(self, mask: Mask, which: Integers) -> Mask:
        """See `protocol.EntityTimelines`; ``which`` is in ascending order."""
        frauds = self._fraud
        return clear_in_interval(mask, self.at[which], self.now[which], frauds.row, frauds.since, frauds.until)

    @cached_property
    def _positions(self) -> Integers:
        """Of each payment of the frame; -1 without an entity."""
        result = np.full(len(self._codes), -1)
        result[self._order] = np.arange(len(self._order))
        return result

    @cached_property
    def _fraud(self) -> Intervals:
        """The intervals as known fraud, by position; those of one payment by time."""
        result = self._of_entities(self._all.frauds)
        return result.of(np.argsort(result.row, kind="stable"))

    @cached_property
    def _genuine(self) -> Intervals:
        return self._of_entities(self._all.genuine)

    def _of_entities(self, intervals: Intervals) -> Intervals:
        """The intervals of payments that have an entity, by position."""
        row = self._positions[intervals.row]
        present = np.flatnonzero(row >= 0)
        return Intervals(row[present], intervals.since[present], intervals.until[present])

    def _by_since(self, intervals: Intervals) -> FrameEvents:
        since, until = intervals.since.astype(np.float64), intervals.until.astype(np.float64)
        return self._events(intervals.row, intervals.since, {"known": since, "until": until})

    def _events(
        self, row: Integers, times: Integers, columns: dict[str, Floats], counts: Integers | None = None
    ) -> FrameEvents:
        """Events at some times about the payments at ``row``, in the order (entity, time)."""
        order = ordered(self.payments.entities[row], times)
        columns = {name: values[order] for name, values in columns.items()}
        counts, rows = None if counts is None else counts[order], row[order]
        return FrameEvents(self.payments.entities[rows], times[order], columns, counts, self.payments, rows)


def _numbers(values: pl.Series) -> Floats:
    """Values as numbers, those that are alike as the same; NaN where there is none."""
    if values.dtype != pl.String:
        return values.cast(pl.Float64).to_numpy()
    codes = codes_of(values)
    return np.where(codes < 0, np.nan, codes)
