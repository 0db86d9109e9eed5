"""The declared features payment by payment: a source's state that payments, labels and corrections change as they come.

What belongs here: what happens to a micro-batch. A payment's features are those that batch/evaluate.py gives it over
all that has arrived by then, to the last bit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.declarations.features.catalogue import (
    ENTITIES,
    FEATURES,
    closure,
    columns,
    entities_of,
    horizon,
    windows_over,
)
from fraud_assets.declarations.features.kinds import Entity, Feature, RecentFeature, RowFeature, Timeline, WindowFeature
from fraud_assets.errors import FraudError
from fraud_assets.features.algebra.loops import Integers
from fraud_assets.features.compute import Computation, stages
from fraud_assets.features.events.labels import NEVER
from fraud_assets.features.events.live import EntityState, LabelEvents, LiveTimelines, Numbers, Records
from fraud_assets.features.inputs.baseline import NAMES as BASELINE
from fraud_assets.features.inputs.baseline import SCHEMA as BASELINE_SCHEMA
from fraud_assets.features.inputs.baseline import LiveBaseline, millionths
from fraud_assets.features.inputs.row import Facts, with_inputs
from fraud_assets.features.inputs.watchlists import Watchlists

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
_TIMELINES: tuple[Timeline, ...] = ("payments", "genuine payments", "labels")


class LiveFeatures:
    """The features of one source's payments as they arrive. Times of arrival do not matter, but the order does."""

    def __init__(
        self, label_delay: timedelta, features: Sequence[Feature] = FEATURES, facts: Facts | None = None
    ) -> None:
        """Of a source without payments.

        Raises:
            FraudError: a window over labels or genuine payments reads a feature of other payments.
        """
        self.features = tuple(features)
        self._facts = facts or Facts()
        self._delay = label_delay // MICROSECOND
        self._plan = closure(features)
        self._needs = columns(self._plan)
        self._rest = [feature for feature in self._plan if entities_of(feature)]
        self._stages_alone = stages(feature for feature in self._plan if not entities_of(feature))
        self._stages = stages(self._rest)
        self._baseline = LiveBaseline() if self._needs & {*BASELINE} else None
        self._texts: dict[str, Numbers] = {}
        self._waiting: dict[str, dict[int, bool]] = {}  # labels of payments that are not there
        self._entities = [entity for entity in ENTITIES if any(entity in entities_of(f) for f in self._plan)]
        kept = self._kept()
        self._kept_columns = kept
        self._records = Records(self._entities, kept)
        self._states = {entity: self._state(entity) for entity in self._entities}

    def add(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Add payments in the order of their arrival; returns them with their features.

        Each payment sees those that arrived before it, also in the same call. One that is known already is corrected:
        it takes the place of what it was.
        """
        return pl.concat([self._add(part) for part in self._parts(payments)])

    def label(self, labels: pl.DataFrame) -> None:
        """Add labels: transaction_id, is_fraud, known_at. Those of payments that are not there wait for them."""
        known = labels["known_at"].to_physical().to_list()
        for text, fraud, at in zip(labels["transaction_id"], labels["is_fraud"], known, strict=True):
            record = self._records.numbers.known(text)
            if record is None:
                self._waiting.setdefault(text, {})[at] = fraud
                continue
            before = self._records.labels.get(record, [])
            after = sorted({**dict(before), at: fraud}.items())
            paid = int(self._records.paid[record])
            old, new = (LabelEvents.of(paid, some, self._delay) for some in (before, after))
            self._records.labels[record] = after
            since = new.first_difference(old)
            if since is not None:
                self._remove(record, since, payment=False)
                self._insert_labels(record, new)

    def delete(self, transaction_ids: Iterable[str]) -> None:
        """Take payments back; their labels wait, should they come again."""
        for text in transaction_ids:
            record = self._records.numbers.known(text)
            if record is None:
                continue
            self._remove(record, int(self._records.paid[record]), payment=True)
            if self._baseline is not None:
                amount, log = self._records.amounts[:, record].tolist()
                self._baseline.add(int(self._records.paid[record]), amount, log, -1)
            if labels := self._records.labels.pop(record, None):
                self._waiting[text] = dict(labels)
            self._records.numbers.release([record])

    def watch(self, revisions: pl.DataFrame) -> None:
        """Use other revisions of the watchlists from now on, in the columns of `watchlists.COLUMNS`."""
        self._facts = replace(self._facts, watchlists=Watchlists(revisions))

    def evict(self, before: datetime) -> None:
        """Forget what no payment at or after a moment can see. Labels that come later for what is forgotten wait."""
        moment = (before - datetime(1970, 1, 1, tzinfo=before.tzinfo)) // MICROSECOND
        reach = {entity: horizon(entity, self.features) // MICROSECOND for entity in ENTITIES}
        forgotten = moment - max(reach.values())
        self._records.release(forgotten)
        for entity, state in self._states.items():
            state.evict(moment - reach[entity])
        self._waiting = {
            text: labels for text, labels in self._waiting.items() if max(labels) > forgotten - self._delay
        }
        if self._baseline is not None:
            self._baseline.evict(moment)

    @property
    def rows(self) -> int:
        """Events that are kept, of all timelines."""
        return sum(state.rows for state in self._states.values())

    def _parts(self, payments: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The payments in parts in which none comes before one that arrived earlier, and only the first is known."""
        seen: set[str] = set()
        last: dict[tuple[Entity, str], tuple[int, str]] = {}
        begin = 0
        times = payments["event_time"].to_physical().to_list()
        whose = [payments[entity].to_list() for entity in self._entities]
        for row, (text, time) in enumerate(zip(payments["transaction_id"].to_list(), times, strict=True)):
            own = [(entity, of[row]) for entity, of in zip(self._entities, whose, strict=True) if of[row] is not None]
            known = text in seen or self._records.numbers.known(text) is not None
            if row > begin and (known or any(key in last and (time, text) < last[key] for key in own)):
                yield payments[begin:row]
                begin = row
                seen.clear()
                last.clear()
            seen.add(text)
            last.update(dict.fromkeys(own, (time, text)))
        yield payments[begin:]

    def _add(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Add a part."""
        self.delete(payments["transaction_id"][:1])
        amounts = payments.select(millionths("amount")).cast(pl.Int64)
        frame = with_inputs(self._with_baseline(payments, amounts), self._needs, self._facts, None)
        frame = Computation(self._nobody, self._facts).extend(frame, self._stages_alone)
        records = self._register(payments, frame, amounts)
        self._refresh(records)
        timelines = {entity: LiveTimelines(state, records) for entity, state in self._states.items()}
        frame = Computation(timelines.__getitem__, self._facts).extend(frame, self._stages)
        for entity, state in self._states.items():
            timelines[entity].load(state.computed, frame)
        names = [feature.name for feature in self.features if feature.name not in payments.columns]
        return frame.select(*payments.columns, *names)

    def _with_baseline(self, payments: pl.DataFrame, amounts: pl.DataFrame) -> pl.DataFrame:
        """The payments with the source's baseline, each as it was before the payment."""
        if self._baseline is None:
            return payments
        rows = [
            self._baseline.next(time, amount, log)
            for time, (amount, log) in zip(payments["event_time"].to_physical(), amounts.iter_rows(), strict=True)
        ]
        schema = {name: BASELINE_SCHEMA[name] for name in BASELINE}
        return payments.hstack(pl.DataFrame(rows, schema=schema, orient="row").get_columns())

    def _register(self, payments: pl.DataFrame, frame: pl.DataFrame, amounts: pl.DataFrame) -> Integers:
        """Remember payments and put them, and what is known of them, on the timelines."""
        ids, paid = payments["transaction_id"].to_list(), payments["event_time"].to_physical().to_numpy()
        entities = {entity: state.numbers_of(payments[entity]) for entity, state in self._states.items()}
        records = self._records.add(ids, paid, entities, self._matrix(frame, self._kept_columns), amounts.to_numpy().T)
        waiting = np.array([text in self._waiting for text in ids], bool)
        presumed = records[~waiting]
        due = self._records.paid[presumed] + max(self._delay, 1)
        self._records.last_known[presumed] = due
        for state in self._states.values():
            state.insert_payments(records, self._matrix(frame, state.columns))
            state.presume_genuine(presumed, due)
        for at in np.flatnonzero(waiting):
            record = int(records[at])
            labels = self._records.labels[record] = sorted(self._waiting.pop(ids[at]).items())
            self._insert_labels(record, LabelEvents.of(int(paid[at]), labels, self._delay))
        return records

    def _insert_labels(self, record: int, events: LabelEvents) -> None:
        """Put what labels say of a payment on the timelines."""
        self._records.last_known[record] = events.known[-1]
        for state in self._states.values():
            state.insert_labels(record, events)

    def _remove(self, record: int, since: int, payment: bool) -> None:
        """Take what labels say of a payment, and the payment too, from the timelines: other from a time on."""
        for entity, state in self._states.items():
            state.remove(record, payment)
            numbers = self._records.entities[entity][[record]]
            state.outdate(numbers[numbers >= 0], np.array([since]))

    def _refresh(self, added: Integers) -> None:
        """Compute again the outdated features that windows of the added payments may read."""
        for entity, state in self._states.items():
            numbers = np.unique(self._records.entities[entity][added])
            numbers = numbers[numbers >= 0]
            stale = numbers[state.stale_from[numbers] < NEVER]
            if not len(stale) or not state.computed:
                continue
            records = np.setdiff1d(state.records_from(stale, state.stale_from[stale]), added)
            state.stale_from[stale] = NEVER
            if len(records):
                inner = self._inner(entity)
                timelines = LiveTimelines(state, records)
                frame = self._remembered(state, records, timelines)
                frame = Computation({entity: timelines}.__getitem__, self._facts).extend(frame, stages(inner))
                timelines.load(state.computed, frame)

    def _remembered(self, state: EntityState, records: Integers, timelines: LiveTimelines) -> pl.DataFrame:
        """What inner features read of payments that have been added before."""
        result: dict[str, pl.Series] = {}
        for name in state.columns:
            if name in state.computed:
                continue
            values = timelines.payments.column(name)[timelines.at]
            if name in self._texts:
                texts = self._texts[name].texts
                result[name] = pl.Series(
                    name, [None if np.isnan(n) else texts[int(n)] for n in values], dtype=pl.String
                )
            else:
                result[name] = pl.Series(name, values, nan_to_null=True)
        entities = [state.numbers.texts[number] for number in timelines.entities]
        times = pl.Series("event_time", timelines.now).cast(pl.Datetime("us", "UTC"))
        return pl.DataFrame(result | {state.entity: pl.Series(state.entity, entities), "event_time": times})

    def _nobody(self, entity: Entity) -> LiveTimelines:
        raise AssertionError(f"features of the payment alone need no timelines of {entity}")

    def _inner(self, entity: Entity) -> list[Feature]:
        """The features of an entity's payments that windows read, and what these need."""
        names = windows_over(self._plan)
        return [feature for feature in self._rest if feature.name in names and entity in entities_of(feature)]

    def _state(self, entity: Entity) -> EntityState:
        read = {name for f in self._plan if not isinstance(f, RowFeature) and f.entity == entity for name in f.needs}
        inner = {feature.name for feature in self._inner(entity)}
        needed = {name for feature in self._inner(entity) for name in feature.needs} - inner
        names = sorted((read | needed) - {entity, "event_time"})
        summed: dict[Timeline, list[str]] = {
            timeline: sorted({
                f.column for f in self._plan
                if isinstance(f, WindowFeature) and f.entity == entity and f.timeline == timeline
                and f.aggregate not in ("max", "gap")
            })
            for timeline in _TIMELINES
        }  # fmt: skip
        computed = sorted(inner & read)
        return EntityState(entity, ["event_time", *names], computed, summed, self._kept_columns, self._records)

    def _kept(self) -> list[str]:
        """The columns that label timelines read of payments."""
        names = {"event_time"}
        for feature in self._plan:
            if isinstance(feature, WindowFeature) and feature.timeline == "genuine payments":
                names.add(feature.column)
            if isinstance(feature, RecentFeature) and "known frauds" in feature.events:
                names |= feature.needs - {feature.entity, *BASELINE}
        late = names & {feature.name for feature in self._rest}
        if late:
            raise FraudError(f"a window over labels reads {sorted(late)[0]}, a feature of other payments")
        return sorted(names)

    def _matrix(self, frame: pl.DataFrame, names: Sequence[str]) -> npt.NDArray[np.float64]:
        """Columns as numbers, a row each; NaN for what is not known or not there yet."""
        result = np.full((len(names), frame.height), np.nan)
        for at, name in enumerate(names):
            if name in frame.columns:
                result[at] = self._as_numbers(frame[name])
        return result

    def _as_numbers(self, values: pl.Series) -> npt.NDArray[np.float64]:
        if values.dtype == pl.String:
            numbers = self._texts.setdefault(values.name, Numbers()).of(values.to_list())
            return np.where(numbers < 0, np.nan, numbers)
        physical = values.to_physical() if values.dtype == pl.Datetime else values
        return physical.cast(pl.Float64).to_numpy()
