"""Timelines that grow event by event: payments, labels and corrections of one source, as they arrive.

What belongs here: the state of customers or of merchants, and of payments. Batches of payments are put through it by
features/live.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_assets.declarations.features.kinds import Entity, Timeline
from fraud_assets.features.algebra.blocks import clear_frauds, ended_totals
from fraud_assets.features.algebra.loops import Floats, Integers, Mask
from fraud_assets.features.algebra.windows import StatedTotals, Totals
from fraud_assets.features.events.blocks import Blocks, Rows
from fraud_assets.features.events.labels import NEVER

SECOND = 1_000_000
NONE = -1
"""In place of the number of what is not there."""


class Numbers:
    """A number for each text, the same as long as it is not released."""

    def __init__(self) -> None:
        """Without any."""
        self._numbers: dict[str, int] = {}
        self._free: list[int] = []
        self.texts: list[str] = []

    def of(self, texts: Iterable[str | None]) -> Integers:
        """The texts' numbers; `NONE` for no text."""
        return np.array([NONE if text is None else self._number(text) for text in texts], np.int64)

    def known(self, text: str) -> int | None:
        """The number that a text has."""
        return self._numbers.get(text)

    @property
    def used(self) -> Integers:
        """The numbers that texts have."""
        return np.fromiter(self._numbers.values(), np.int64, len(self._numbers))

    def release(self, numbers: Iterable[int]) -> None:
        """Forget texts; others get their numbers. A number that no text has stays as it is."""
        for number in numbers:
            if self._numbers.get(self.texts[number]) == number:
                del self._numbers[self.texts[number]]
                self._free.append(number)

    def _number(self, text: str) -> int:
        result = self._numbers.get(text)
        if result is None:
            if self._free:
                result = self._free.pop()
                self.texts[result] = text
            else:
                result = len(self.texts)
                self.texts.append(text)
            self._numbers[text] = result
        return result


@dataclass(frozen=True)
class LabelEvents:
    """What became known of one payment: when (µs), whether first, the change of frauds; and its intervals."""

    known: list[int]
    count: list[int]
    change: list[int]
    intervals: list[tuple[int, int, bool]]  # since, until, fraud

    @classmethod
    def of(cls, paid: int, labels: Sequence[tuple[int, bool]], delay: int) -> "LabelEvents":
        """Of a payment at a time with labels (known_at, is_fraud), in order; see labels.py."""
        due = paid + max(delay, 1)
        events = [(max(at, paid + 1), int(fraud)) for at, fraud in labels]
        if not events or events[0][0] > due:
            events.insert(0, (due, 0))
        known = [at for at, _ in events]
        change = [fraud - before for (_, fraud), (_, before) in zip(events, [(0, 0), *events], strict=False)]
        changes = [at for at in range(len(events)) if at == 0 or change[at]]
        ends = [*(known[at] for at in changes[1:]), NEVER]
        intervals = [(known[at], end, events[at][1] > 0) for at, end in zip(changes, ends, strict=True)]
        return cls(known, [1, *[0] * (len(events) - 1)], change, intervals)

    def first_difference(self, other: "LabelEvents") -> int | None:
        """From when on what is known differs; None where it does not."""
        one, two = ([*zip(e.known, e.count, e.change, strict=True)] for e in (self, other))
        for own, others in zip_longest(one, two):
            if own != others:
                return min(event[0] for event in (own, others) if event)
        return None


class Records:
    """The payments that are remembered, each by a number: what counting their labels and taking them back needs."""

    def __init__(self, entities: Sequence[Entity], kept: Sequence[str]) -> None:
        """Of payments that have some entities; ``kept`` are the columns that label timelines read."""
        self.numbers = Numbers()
        self.paid = np.zeros(0, np.int64)
        self.prefix = np.zeros(0, np.uint64)
        self.last_known = np.zeros(0, np.int64)
        self.amounts = np.zeros((2, 0), np.int64)  # of the source's baseline
        self.entities = {entity: np.zeros(0, np.int64) for entity in entities}
        self.values = np.zeros((len(kept), 0))
        self.labels: dict[int, list[tuple[int, bool]]] = {}

    @property
    def ids(self) -> list[str]:
        """The payments' identifiers, by number."""
        return self.numbers.texts

    def add(
        self,
        ids: Sequence[str],
        paid: Integers,
        entities: Mapping[Entity, Integers],
        values: npt.NDArray[np.float64],
        amounts: npt.NDArray[np.int64],
    ) -> Integers:
        """Remember payments; returns their numbers."""
        records = self.numbers.of(ids)
        self._extend(len(self.ids))
        self.paid[records] = self.last_known[records] = paid
        self.prefix[records] = [int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "big") for text in ids]
        self.amounts[:, records] = amounts
        self.values[:, records] = values
        for entity, numbers in entities.items():
            self.entities[entity][records] = numbers
        return records

    def rows(self, records: Integers, entity: Entity, time: Integers, values: npt.NDArray[np.float64]) -> Rows:
        """Events about payments that have an entity, at some times."""
        block = self.entities[entity][records]
        rows = Rows(block, time, self.paid[records], self.prefix[records], records, values)
        return rows if (block >= 0).all() else rows.of(block >= 0)

    def entities_of_all(self, entity: Entity) -> Integers:
        """The entities of the remembered payments; `NONE` for those without one."""
        return self.entities[entity][self.numbers.used]

    def release(self, until: int) -> None:
        """Forget the payments of which nothing was known after a time."""
        used = self.numbers.used
        gone = used[self.last_known[used] <= until].tolist()
        self.numbers.release(gone)
        for record in gone:
            self.labels.pop(record, None)

    def _extend(self, records: int) -> None:
        more = records - len(self.paid)
        if more <= 0:
            return
        more += records // 2

        def longer(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.concatenate((array, np.zeros((*array.shape[:-1], more), array.dtype)), axis=-1)

        self.paid, self.prefix, self.last_known = longer(self.paid), longer(self.prefix), longer(self.last_known)
        self.amounts, self.values = longer(self.amounts), longer(self.values)
        self.entities = {entity: longer(numbers) for entity, numbers in self.entities.items()}


class EntityState:
    """All timelines of customers, or of merchants."""

    def __init__(
        self,
        entity: Entity,
        columns: Sequence[str],
        computed: Sequence[str],
        summed: Mapping[Timeline, Sequence[str]],
        kept: Sequence[str],
        records: Records,
    ) -> None:
        """``columns`` are those of payments, ``kept`` those of label timelines, ``summed`` what windows add up.

        ``computed`` are the columns that come after a payment was added: features of other payments.
        """
        self.entity, self.columns, self.computed = entity, columns, computed
        self.records = records
        self.numbers = Numbers()
        self.payments = Blocks(columns, summed["payments"], records.ids)
        self.labels = Blocks(("is_fraud", "count"), ("is_fraud",), records.ids)
        self.frauds = Blocks((*kept, "known", "until"), (), records.ids)
        self.genuine = Blocks((*kept, "known", "until"), summed["genuine payments"], records.ids)
        self.stale_from = np.full(0, NEVER)  # by entity: inner features of payments from this time on are outdated

    def numbers_of(self, entities: pl.Series) -> Integers:
        """The entities' numbers; all timelines have a block for each."""
        result = self.numbers.of(entities.to_list())
        count = len(self.numbers.texts)
        for blocks in self._timelines:
            blocks.extend(count)
        if count > len(self.stale_from):
            more = count - len(self.stale_from) + count // 2
            self.stale_from = np.append(self.stale_from, np.full(more, NEVER))
        return result

    def outdate(self, entities: Integers, times: Integers) -> None:
        """Inner features of entities' payments from a time on may no longer be right."""
        np.minimum.at(self.stale_from, entities, times)

    def insert_payments(self, records: Integers, values: npt.NDArray[np.float64]) -> None:
        """Add payments; those of their entities that came later are outdated."""
        rows = self.records.rows(records, self.entity, self.records.paid[records], values)
        size = self.payments.size[rows.block]
        last = self.payments.time[np.maximum(self.payments.first[rows.block] + size - 1, 0)]
        late = (size > 0) & (last > rows.time)
        self.outdate(rows.block[late], rows.time[late])
        self.payments.insert(rows)

    def presume_genuine(self, records: Integers, due: Integers) -> None:
        """Add that payments without labels are known as genuine from a time on."""
        one, none = np.ones(len(records)), np.zeros(len(records))
        self.labels.insert(self.records.rows(records, self.entity, due, np.array([none, one])))
        values = np.vstack((self.records.values[:, records], due, np.full(len(records), float(NEVER))))
        self.genuine.insert(self.records.rows(records, self.entity, due, values))

    def insert_labels(self, record: int, events: LabelEvents) -> None:
        """Add what labels say of a payment."""
        records = np.full(len(events.known), record)
        values = np.array([events.change, events.count], float)
        self.labels.insert(self.records.rows(records, self.entity, np.array(events.known), values))
        for blocks, kind in ((self.frauds, True), (self.genuine, False)):
            chosen = [(since, until) for since, until, fraud in events.intervals if fraud == kind]
            since, until = (np.array([pair[at] for pair in chosen], np.int64) for at in (0, 1))
            records = np.full(len(chosen), record)
            values = np.vstack((self.records.values[:, records], since, until))
            blocks.insert(self.records.rows(records, self.entity, since, values))

    @property
    def rows(self) -> int:
        """Events on all timelines."""
        return sum(int(blocks.size.sum()) for blocks in self._timelines)

    def records_from(self, entities: Integers, times: Integers) -> Integers:
        """The payments of entities at or after a time each."""
        first, size = self.payments.first[entities], self.payments.size[entities]
        start = self.payments.until(entities, times - 1)
        result = [self.payments.record[low:high] for low, high in zip(start, first + size, strict=True)]
        return np.concatenate(result)

    def remove(self, record: int, payment: bool) -> None:
        """Remove what labels say of a payment, and the payment too."""
        block = self.records.entities[self.entity][[record]]
        if block[0] >= 0:
            for blocks in self._timelines if payment else self._timelines[1:]:
                blocks.remove(block, np.array([record]))

    def evict(self, until: int) -> None:
        """Forget events at or before a time, and entities of which no payment is remembered.

        An entity without events keeps its number while a payment is remembered: a label may still come for it.
        """
        for blocks in self._timelines:
            blocks.evict(until)
        self.numbers.release(np.setdiff1d(self.numbers.used, self.records.entities_of_all(self.entity)).tolist())

    @property
    def _timelines(self) -> tuple[Blocks, ...]:
        return self.payments, self.labels, self.frauds, self.genuine


class LiveEvents:
    """`protocol.Events` over blocks, of which some are asked for."""

    def __init__(self, blocks: Blocks, asked: Integers) -> None:
        """``asked`` are the entities that positions may be of."""
        self._blocks, self._asked = blocks, asked

    def until(self, entities: Integers, times: Integers) -> Integers:
        """See `protocol.Events`."""
        return self._blocks.until(entities, times)

    def column(self, name: str) -> Floats:
        """See `protocol.Events`."""
        return self._blocks.column(name)

    def totals(self, column: str, start: Integers, end: Integers) -> Totals:
        """See `protocol.Events`."""
        return self._blocks.totals(column, start, end, self._asked)

    def highest(self, column: str, start: Integers, end: Integers) -> Floats:
        """See `protocol.Events`."""
        return self._blocks.highest(column, start, end)

    def latest(self, column: str, start: Integers, end: Integers) -> Floats:
        """See `protocol.Events`."""
        return self._blocks.latest(column, start, end)


class LiveTimelines:
    """`protocol.EntityTimelines` of some payments, just as the state is."""

    def __init__(self, state: EntityState, records: Integers) -> None:
        """Of payments that the state holds."""
        entities = state.records.entities[state.entity][records]
        self._state, self._rows, self._height = state, np.flatnonzero(entities >= 0), len(records)
        self.entities = entities[self._rows]
        self._records = records[self._rows]
        self.now = state.records.paid[self._records]
        self.at = state.payments.positions(self.entities, self.now, self._records)
        asked = np.unique(self.entities)
        self.payments, self.labels = LiveEvents(state.payments, asked), LiveEvents(state.labels, asked)
        self.frauds, self.genuine = LiveEvents(state.frauds, asked), LiveEvents(state.genuine, asked)
        self._loaded: set[str] = set()

    def ended(self, column: str, window: int) -> Totals | None:
        """See `protocol.EntityTimelines`."""
        genuine = self._state.genuine
        start, end = genuine.until(self.entities, self.now - window * SECOND), genuine.until(self.entities, self.now)
        return StatedTotals(*ended_totals(genuine.column(column), genuine.column("until"), start, end, self.now))

    def not_fraud(self, mask: Mask, which: Integers) -> Mask:
        """See `protocol.EntityTimelines`."""
        frauds, blocks, now = self._state.frauds, self.entities[which], self.now[which]
        start, end = frauds.first[blocks], frauds.until(blocks, now)
        return clear_frauds(
            mask, self.at[which], now, self._state.payments.record, start, end, frauds.column("until"), frauds.record
        )

    def load(self, names: Iterable[str], frame: pl.DataFrame) -> None:
        """See `protocol.EntityTimelines`; columns that payments came with are there."""
        for name in set(names) & {*self._state.computed} - self._loaded:
            values = frame[name].to_numpy()[self._rows]
            self._state.payments.put(name, self.at, self.entities, values)
            self._loaded.add(name)

    def series(self, values: Mapping[str, Floats]) -> list[pl.Series]:
        """See `protocol.EntityTimelines`."""
        result = np.full((len(values), self._height), np.nan)
        for row, of in enumerate(values.values()):
            result[row, self._rows] = of
        frame = pl.DataFrame([pl.Series(name, row) for name, row in zip(values, result, strict=True)])
        return frame.select(pl.all().fill_nan(None)).get_columns()
