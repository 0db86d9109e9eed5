"""The declared features from events, whoever keeps these: a frame (events/frame.py) or a live state (events/live.py).

What belongs here: from a declaration to a column, in the order in which features need one another.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import polars as pl

from fraud_assets.declarations.features.kinds import (
    LAST,
    ORDINARY,
    Entity,
    Feature,
    RecentEvents,
    RecentFeature,
    RowFeature,
    Timeline,
    WindowFeature,
    parsed,
)
from fraud_assets.features.algebra.loops import Floats, Integers, gather
from fraud_assets.features.algebra.recent import recent
from fraud_assets.features.algebra.statistics import OF_NOTHING, STATISTICS, Past
from fraud_assets.features.algebra.windows import Less, Totals, mean_of, std_of, sum_of
from fraud_assets.features.events.protocol import EntityTimelines, Events
from fraud_assets.features.inputs.row import Facts

SECOND = 1_000_000


Stages = Sequence[Sequence[Feature]]
"""Features in an order in which those of a stage need none of the same stage or of a later one."""


def stages(features: Iterable[Feature]) -> Stages:
    """As few stages as can be; row features, which Polars computes together, in stages of their own."""
    waiting, result = list(features), []
    while waiting:
        names = {feature.name for feature in waiting}
        ready = [feature for feature in waiting if not (feature.needs - {feature.name}) & names]
        rows = [feature for feature in ready if isinstance(feature, RowFeature)]
        result.append(rows or ready)
        waiting = [feature for feature in waiting if feature not in result[-1]]
    return result


@dataclass
class Computation:
    """Features of some payments: their timelines, and what is known of their source."""

    timelines: Callable[[Entity], EntityTimelines]
    facts: Facts
    _of: dict[Entity, "EntityFeatures"] = field(default_factory=dict)

    def extend(self, frame: pl.DataFrame, stages: Stages) -> pl.DataFrame:
        """The frame with the features of some stages; one that it has stays as it is."""
        given = {*frame.columns}
        for stage in stages:
            missing = [feature for feature in stage if feature.name not in given]
            rows = [feature for feature in missing if isinstance(feature, RowFeature)]
            result = frame.select(_column(feature) for feature in rows).get_columns() if rows else []
            frame = frame.hstack(result)
            for entity in sorted({feature.entity for feature in missing if not isinstance(feature, RowFeature)}):
                of = [f for f in missing if not isinstance(f, RowFeature) and f.entity == entity]
                frame = frame.hstack(self._series(entity, of, frame))
        return frame

    def _series(
        self, entity: Entity, features: Sequence[WindowFeature | RecentFeature], frame: pl.DataFrame
    ) -> list[pl.Series]:
        """Features of an entity's events for the payments asked for; null where they cannot be known."""
        if entity not in self._of:
            self._of[entity] = EntityFeatures(self.timelines(entity), self.facts)
        of = self._of[entity]
        of.timelines.load(frozenset().union(*(feature.needs for feature in features)), frame)
        recents: dict[tuple[RecentEvents, int], list[RecentFeature]] = {}
        for feature in features:
            if isinstance(feature, RecentFeature):
                recents.setdefault((feature.events, feature.window), []).append(feature)
        values = {f.name: of.window(f) for f in features if isinstance(f, WindowFeature)}
        for group in recents.values():
            values |= of.recents(group)
        return of.timelines.series(values)


@cache
def _column(feature: RowFeature) -> pl.Expr:
    return parsed(feature.expression).cast(pl.Float64).fill_nan(None).alias(feature.name)


class EntityFeatures:
    """Values of the features of one entity's events. What several windows share is computed once."""

    def __init__(self, timelines: EntityTimelines, facts: Facts) -> None:
        """From the timelines of customers or of merchants."""
        self.timelines, self.facts = timelines, facts
        self._starts: dict[tuple[Timeline, int], Integers] = {}
        self._totals: dict[tuple[str, int, Timeline, bool, int | None], Totals] = {}

    def window(self, feature: WindowFeature) -> Floats:
        """A feature of the payments asked for."""
        events, start, end = self._events(feature.timeline), self._start(feature), self._end(feature)
        if feature.aggregate == "max":
            return events.highest(feature.column, start, end)
        if feature.aggregate == "gap":
            counted = "count" if feature.timeline == "labels" else feature.column
            return (self.timelines.now - events.latest(counted, start, end)) / SECOND
        totals = self._totals_of(feature, start, end)
        if feature.aggregate == "count":
            return totals.count.astype(np.float64)
        if feature.aggregate == "sum":
            return sum_of(totals)
        return mean_of(totals, feature.default) if feature.aggregate == "mean" else std_of(totals)

    def recents(self, features: Sequence[RecentFeature]) -> dict[str, Floats]:
        """Features that look back on the same events, computed while these are at hand."""
        rows = len(self.timelines.at)
        result = {f.name: np.full(rows, OF_NOTHING.get(f.statistic, np.nan)) for f in features}
        for which, past in self._pasts(features[0].events, features[0].window):
            for feature in features:
                result[feature.name][which] = STATISTICS[feature.statistic](past)
        return result

    def _events(self, timeline: Timeline) -> Events:
        if timeline == "payments":
            return self.timelines.payments
        return self.timelines.labels if timeline == "labels" else self.timelines.genuine

    def _start(self, feature: WindowFeature) -> Integers:
        start = self._since(feature.timeline, feature.window)
        return start if feature.last is None else np.maximum(start, self._end(feature) - feature.last)

    def _since(self, timeline: Timeline, window: int) -> Integers:
        key = timeline, window
        if key not in self._starts:
            then = self.timelines.now - window * SECOND
            self._starts[key] = self._events(timeline).until(self.timelines.entities, then)
        return self._starts[key]

    def _end(self, feature: WindowFeature) -> Integers:
        if feature.timeline == "payments":
            return self.timelines.at + 1 if feature.include_current else self.timelines.at
        return self._labels_until_now if feature.timeline == "labels" else self._genuine_until_now

    @cached_property
    def _labels_until_now(self) -> Integers:
        return self.timelines.labels.until(self.timelines.entities, self.timelines.now)

    @cached_property
    def _genuine_until_now(self) -> Integers:
        return self.timelines.genuine.until(self.timelines.entities, self.timelines.now)

    def _totals_of(self, feature: WindowFeature, start: Integers, end: Integers) -> Totals:
        key = feature.column, feature.window, feature.timeline, feature.include_current, feature.last
        if key not in self._totals:
            totals = self._events(feature.timeline).totals(feature.column, start, end)
            if feature.timeline == "genuine payments":
                ended = self.timelines.ended(feature.column, feature.window)
                totals = totals if ended is None else Less(totals, ended)
            self._totals[key] = totals
        return self._totals[key]

    def _pasts(self, which: RecentEvents, window: int) -> Iterator[tuple[Integers, Past]]:
        """The newest events before the payments that have any, some payments at a time."""
        of = self.timelines
        by_label = which in ("known frauds", "known frauds of ordinary amount")
        events = of.frauds if by_label else of.payments
        if by_label:
            start = events.until(of.entities, of.now - window * SECOND)
            end = events.until(of.entities, of.now)
        else:
            start, end = self._since("payments", window), of.at
        for part in recent(start, end, LAST):
            mask, rows, now = part.mask, of.at[part.which], of.now[part.which]
            if by_label:
                mask &= gather(events.column("until"), part.end, mask) > now[:, None]
            elif which == "payments not known as fraud":
                mask = of.not_fraud(mask, part.which)
            if which == "known frauds of ordinary amount":
                most = ORDINARY * of.payments.column("population_mean")[rows]
                mask &= ~(gather(events.column("amount"), part.end, mask) > most[:, None])
            past = Past(of.payments, rows, events, part.end, mask, of.labels, of.entities[part.which], self.facts)
            yield part.which, past
