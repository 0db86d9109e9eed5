"""Payments seen from one side, their customers' or their merchants': in the order (entity, event_time, transaction_id).

What belongs here: from a declaration over an entity's payments or labels to a column.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.declarations.features.kinds import LAST, ORDINARY, Entity, Feature, RecentFeature, WindowFeature
from fraud_assets.features.algebra.loops import Floats, Integers, taken, without
from fraud_assets.features.algebra.recent import recent
from fraud_assets.features.algebra.statistics import OF_NOTHING, STATISTICS, Past
from fraud_assets.features.algebra.windows import Running, Timeline, Totals, codes_of, highest, latest, ordered
from fraud_assets.features.events.labels import Spells, known, spells
from fraud_assets.features.inputs.row import Facts

SECOND = 1_000_000


@dataclass(frozen=True)
class Payments:
    """What every side needs of the payments: when they were, what became known of them when, facts of their source."""

    ids: pl.DataFrame  # transaction_id, and customer_id or merchant_id or both
    times: Integers  # µs
    labels: pl.DataFrame
    frauds: Spells
    genuine: Spells
    facts: Facts

    @classmethod
    def of(cls, frame: pl.DataFrame, labels: pl.DataFrame, label_delay: int, facts: Facts) -> "Payments":
        """Of a frame of payments, the labels about them and the label delay in seconds."""
        events = known(frame, labels, label_delay)
        times = frame["event_time"].to_physical().to_numpy()
        return cls(frame, times, events, *spells(events), facts)


@dataclass
class Side:
    """One entity's side of the payments, of which the wanted ones get values."""

    payments: Payments
    entity: Entity
    wanted: npt.NDArray[np.bool_]
    columns: dict[str, Floats] = field(default_factory=dict)  # in this side's order
    memory: dict[tuple[object, ...], object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the payments that have an entity in order."""
        ids = self.payments.ids
        self.code = codes_of(ids[self.entity])
        order = ordered(self.code, self.payments.times, ids["transaction_id"])
        self.order = order[self.code[order] >= 0]
        self.codes, self.times = self.code[self.order], self.payments.times[self.order]
        self.at = np.flatnonzero(self.wanted[self.order])
        self.entities, self.now = self.codes[self.at], self.times[self.at]
        self.place = (np.cumsum(self.wanted) - 1)[self.order[self.at]]  # among the rows returned
        self.as_given = len(self.at) == len(self.code) and not np.any(self.order[1:] < self.order[:-1])
        self.columns[self.entity] = self.codes.astype(np.float64)
        self.columns["event_time"] = self.times.astype(np.float64)

    def load(self, names: Iterable[str], frame: pl.DataFrame) -> None:
        """Make columns of all payments available, strings as numbers."""
        for name in set(names) - self.columns.keys():
            values = _numbers(frame[name])
            self.columns[name] = values if self.as_given else values[self.order]

    def series(self, name: str, found: Floats) -> pl.Series:
        """Values of the wanted payments in the order in which they came."""
        if self.as_given:
            return pl.Series(name, found, nan_to_null=True)
        values = np.full(np.count_nonzero(self.wanted), np.nan)
        values[self.place] = found
        return pl.Series(name, values, nan_to_null=True)

    def window(self, feature: WindowFeature) -> Floats:
        """A feature of the wanted payments, in this side's order."""
        if feature.aggregate == "max":
            return highest(self.columns[feature.of], self.start(feature.window), self._end(feature))
        if feature.aggregate == "gap":
            return (self.now - self._latest(feature)) / SECOND
        totals = self._totals(feature)
        if feature.aggregate == "count":
            return totals.count.astype(np.float64)
        if feature.aggregate == "sum":
            return totals.sum()
        return totals.mean(feature.empty) if feature.aggregate == "mean" else totals.std()

    def _latest(self, feature: WindowFeature) -> Floats:
        """When the last payment that counts happened, or, by label, when the last one became known."""
        if feature.of == "is_fraud":
            first = self.labels.running.counts > 0  # no correction of a label
            return latest(
                self.labels.times.astype(np.float64), first, self._labelled_since(feature.window), self._labelled
            )
        counts = self.columns[feature.of] != 0
        return latest(self.columns["event_time"], counts, self.start(feature.window), self._end(feature))

    def _end(self, feature: WindowFeature) -> Integers:
        return self.at + 1 if feature.members == "with this one" else self.at

    def _totals(self, feature: WindowFeature) -> Totals:
        key = ("totals", feature.of, feature.window, feature.members, feature.last)
        if key not in self.memory:
            if feature.members == "known as genuine":
                self.memory[key] = self._genuine(feature.of, feature.window)
            else:
                by_label = feature.of == "is_fraud"
                timeline = self.labels if by_label else self._timeline(feature.of)
                start = self._labelled_since(feature.window) if by_label else self.start(feature.window)
                end = self._labelled if by_label else self._end(feature)
                first = start if feature.last is None else np.maximum(start, end - feature.last)
                self.memory[key] = timeline.between(first, end)
        return self.memory[key]  # type: ignore[return-value]

    def _labelled_since(self, window: int) -> Integers:
        return self.labels.until(self.entities, self.now - window * SECOND)

    @cached_property
    def _labelled(self) -> Integers:
        return self.labels.until(self.entities, self.now)

    def _genuine(self, of: str, window: int) -> Totals:
        """The payments known as genuine at each wanted one, by the time at which that became known."""
        timeline, end = self._genuine_timeline(of)
        found = timeline.between(timeline.until(self.entities, self.now - window * SECOND), end)
        genuine = self._mine(self.payments.genuine)
        corrected = genuine.of(genuine.until < genuine.since + window * SECOND)
        if not len(corrected.row):
            return found
        return replace(
            found, less=self._counted_between(of, corrected.row, corrected.until, corrected.since + window * SECOND)
        )

    def _genuine_timeline(self, of: str) -> tuple[Timeline, Integers]:
        """Of the payments by the time at which they became known as genuine; and where each wanted one stands."""
        key = ("genuine", of)
        if key not in self.memory:
            genuine = self._mine(self.payments.genuine)
            order = ordered(self.codes[genuine.row], genuine.since)
            row = genuine.row[order]
            timeline = _timeline(self.codes[row], genuine.since[order], self.columns[of][row])
            self.memory[key] = timeline, timeline.until(self.entities, self.now)
        return self.memory[key]  # type: ignore[return-value]

    def _counted_between(self, of: str, row: Integers, since: Integers, until: Integers) -> Totals:
        """The payments ``row`` that count at each wanted one, each from a time until another."""
        row, change = np.tile(row, 2), np.repeat([1, -1], len(row))
        times = np.concatenate((since, until))
        order = ordered(self.codes[row], times)
        timeline = _timeline(self.codes[row[order]], times[order], self.columns[of][row[order]], change[order])
        return timeline.between(
            np.searchsorted(timeline.entities, self.entities),
            timeline.until(self.entities, self.now),
        )

    def start(self, window: int) -> Integers:
        """The first position of each wanted payment's window in this side's order."""
        key = ("start", window)
        if key not in self.memory:
            self.memory[key] = self._timeline("event_time").until(self.entities, self.now - window * SECOND)
        return self.memory[key]  # type: ignore[return-value]

    def _timeline(self, of: str) -> Timeline:
        key = ("timeline", of)
        if key not in self.memory:
            values = self.columns[of] if of != "event_time" else np.zeros(len(self.order))
            self.memory[key] = _timeline(self.codes, self.times, values)
        return self.memory[key]  # type: ignore[return-value]

    @cached_property
    def labels(self) -> Timeline:
        """What became known of this side's payments: counts and frauds."""
        events = self.payments.labels
        events = events.filter(self.code[events["row"].to_numpy()] >= 0)
        codes = self.code[events["row"].to_numpy()]
        when = events["known"].to_numpy()
        order = ordered(codes, when, pl.Series(self.position[events["row"].to_numpy()]))
        count, fraud = events["count"].to_numpy()[order], events["fraud"].to_numpy()[order]
        return Timeline(codes[order], when[order], Running(count, fraud.astype(np.float64)))

    @cached_property
    def position(self) -> Integers:
        """Of each payment in this side's order; -1 without an entity."""
        found = np.full(len(self.code), -1)
        found[self.order] = np.arange(len(self.order))
        return found

    def _mine(self, spells: Spells) -> Spells:
        """The spells of this side's payments, by position in its order."""
        row = self.position[spells.row]
        mine = np.flatnonzero(row >= 0)
        return Spells(row[mine], spells.since[mine], spells.until[mine])

    @cached_property
    def frauds(self) -> Spells:
        """The spells of known fraud in this side's order, those of one payment by time."""
        found = self._mine(self.payments.frauds)
        return found.of(np.argsort(found.row, kind="stable"))

    def recents(self, features: Sequence[RecentFeature]) -> None:
        """Compute features that look back on the same events, while these are at hand."""
        of, window = features[0].of, features[0].window
        found = {f.name: np.full(len(self.at), OF_NOTHING.get(f.statistic, np.nan)) for f in features}
        for which, past in self._pasts(of, window):
            for feature in features:
                found[feature.name][which] = STATISTICS[feature.statistic](past)
        self.memory |= {("recent", name): values for name, values in found.items()}

    def _pasts(self, of: str, window: int) -> Iterator[tuple[Integers, Past]]:
        by_label = of in ("known frauds", "ordinary known frauds")
        if by_label:
            events, start, end = self._frauds(window)
        else:
            events, start, end = self.columns, self.start(window), self.at
        for part in recent(start, end, LAST):
            which, there, rows = part.which, part.there, self.at[part.which]
            if by_label:
                there &= taken(events["until"], part.end, there) > self.now[which, None]
            elif of == "usual payments":
                frauds = self.frauds
                there = without(there, part.end, self.now[which], frauds.row, frauds.since, frauds.until)
            if of == "ordinary known frauds":
                most = ORDINARY * self.columns["population_mean"][rows, None]
                there &= ~(taken(events["amount"], part.end, there) > most)
            yield (
                which,
                Past(
                    payments=self.columns,
                    rows=rows,
                    events=events,
                    end=part.end,
                    there=there,
                    facts=self.payments.facts,
                    labels=self.labels,
                    entities=self.entities[which],
                ),
            )

    def _frauds(self, window: int) -> tuple[dict[str, Floats], Integers, Integers]:
        """The known frauds in the order they became known: columns, each payment's first and last."""
        row, since = self.frauds.row, self.frauds.since
        order = ordered(self.codes[row], since)
        row = row[order]
        timeline = _timeline(self.codes[row], since[order], np.zeros(len(row)))
        events = {name: values[row] for name, values in self.columns.items()}
        events |= {"known": since[order].astype(float), "until": self.frauds.until[order].astype(float)}
        start = timeline.until(self.entities, self.now - window * SECOND)
        return events, start, timeline.until(self.entities, self.now)


@dataclass
class Sides:
    """Both sides of some payments; columns come from ``source`` or, without one, from the frame at hand."""

    payments: Payments
    wanted: npt.NDArray[np.bool_]
    features: Sequence[Feature]
    source: pl.DataFrame | None = None
    of: dict[Entity, Side] = field(default_factory=dict)

    def series(self, feature: WindowFeature | RecentFeature, frame: pl.DataFrame) -> pl.Series:
        """A feature of the wanted payments, null where there is nothing to take it from."""
        source = frame if self.source is None else self.source
        if feature.entity not in self.of:
            self.of[feature.entity] = Side(self.payments, feature.entity, self.wanted)
        side = self.of[feature.entity]
        if isinstance(feature, WindowFeature):
            side.load(feature.needs, source)
            return side.series(feature.name, side.window(feature))
        if ("recent", feature.name) not in side.memory:
            group = [
                other for other in self.features
                if isinstance(other, RecentFeature) and other.needs <= set(source.columns)
                and (other.entity, other.of, other.window) == (feature.entity, feature.of, feature.window)
            ]  # fmt: skip
            side.load(frozenset().union(*(other.needs for other in group)), source)
            side.recents(group)
        return side.series(feature.name, side.memory[("recent", feature.name)])  # type: ignore[arg-type]


def _timeline(codes: Integers, times: Integers, values: Floats, counts: Integers | None = None) -> Timeline:
    """A timeline on which an event without a value does not count."""
    there = ~np.isnan(values)
    return Timeline(codes, times, Running((1 if counts is None else counts) * there, np.where(there, values, 0)))


def _numbers(values: pl.Series) -> Floats:
    """Values as numbers, those that are alike as the same; NaN where there is none."""
    if values.dtype != pl.String:
        return values.cast(pl.Float64).to_numpy()
    codes = codes_of(values)
    return np.where(codes < 0, np.nan, codes)
