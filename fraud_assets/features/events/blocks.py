"""Events of many entities in arrays that grow: each entity's rows stand in a block of their own, in order of time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud_assets.features.algebra.blocks import (
    Unsigned,
    drop_rows,
    highest_between,
    insert_rows,
    latest_between,
    positions_in_blocks,
    positions_of,
    remove_rows,
    sum_up,
)
from fraud_assets.features.algebra.loops import Floats, Integers
from fraud_assets.features.algebra.windows import Between, Totals

SMALLEST = 8
"""Rows that a new block has room for."""


@dataclass(frozen=True)
class StoredRunning:
    """Running totals of a column of `Blocks`."""

    count: Integers
    millionths: Integers
    squares: Unsigned
    about: Floats
    each_once: bool = False


@dataclass(frozen=True)
class Rows:
    """Rows to insert: the block of each, when it counts, whose payment it is, and its columns."""

    block: Integers
    time: Integers
    paid: Integers
    prefix: Unsigned
    record: Integers
    values: npt.NDArray[np.float64]  # (columns, rows)

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Rows":
        """Some of the rows."""
        return Rows(
            self.block[chosen], self.time[chosen], self.paid[chosen], self.prefix[chosen], self.record[chosen],
            self.values[:, chosen],
        )  # fmt: skip


class Blocks:
    """A block of rows for each entity. A block has one row more than events, for the totals of all of them."""

    def __init__(self, columns: Sequence[str], summed: Sequence[str], ids: Sequence[str]) -> None:
        """Of columns, some of which are summed; ``ids`` are the payments' identifiers by record.

        A column ``count`` says by how much an event counts in sums, 1 where there is none.
        """
        self._column = {name: at for at, name in enumerate(columns)}
        self._summed = {name: at for at, name in enumerate(summed)}
        self._ids = ids
        self.first = np.zeros(0, np.int64)
        self.size = np.zeros(0, np.int64)
        self._room = np.zeros(0, np.int64)
        self._clean = np.zeros((len(summed), 0), np.int64)
        self._top = 0
        self.time = np.zeros(1, np.int64)
        self._paid = np.zeros(1, np.int64)
        self._prefix = np.zeros(1, np.uint64)
        self.record = np.zeros(1, np.int64)
        self._values = np.zeros((len(columns), 1))
        self._count = np.zeros((len(summed), 1), np.int64)
        self._millionths = np.zeros((len(summed), 1), np.int64)
        self._squares = np.zeros((len(summed), 1), np.uint64)
        self._about = np.zeros((len(summed), 1))

    def extend(self, blocks: int) -> None:
        """Have at least so many blocks."""
        missing = blocks - len(self.first)
        if missing > 0:
            more = missing + blocks // 2
            self.first, self.size, self._room = (
                np.append(array, np.zeros(more, np.int64)) for array in (self.first, self.size, self._room)
            )
            self._clean = np.append(self._clean, np.zeros((len(self._clean), more), np.int64), axis=1)

    def column(self, name: str) -> Floats:
        """A column, by position."""
        result: Floats = self._values[self._column[name]]
        return result

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self._column

    def until(self, blocks: Integers, times: Integers) -> Integers:
        """The position after each block's last row at or before a time."""
        return positions_in_blocks(self.first, self.size, self.time, blocks, times)

    def positions(self, blocks: Integers, times: Integers, records: Integers) -> Integers:
        """Where payments stand."""
        return positions_of(self.first, self.size, self.time, self.record, blocks, times, records)

    def totals(self, name: str, start: Integers, end: Integers, blocks: Integers) -> Totals:
        """Totals of a column over positions ``[start, end)`` in some blocks."""
        at = self._summed[name]
        running = self._count[at], self._millionths[at], self._squares[at], self._about[at]
        weighted = "count" in self._column
        counts = self.column("count") if weighted else self.column(name)
        sum_up(self.first, self.size, self._clean[at], blocks, self.column(name), counts, weighted, *running)
        return Between(StoredRunning(*running), start, end)

    def highest(self, name: str, start: Integers, end: Integers) -> Floats:
        """The maximum of a column over positions."""
        return highest_between(self.column(name), start, end)

    def latest(self, name: str, start: Integers, end: Integers) -> Floats:
        """The time of the last row whose column is not 0."""
        return latest_between(self.time, self.column(name), start, end)

    def put(self, name: str, positions: Integers, blocks: Integers, values: Floats) -> None:
        """Set a column at some positions."""
        self.column(name)[positions] = values
        if name in self._summed:
            np.minimum.at(self._clean[self._summed[name]], blocks, positions - self.first[blocks])

    def insert(self, rows: Rows) -> None:
        """Add rows, each where it belongs."""
        if not len(rows.block):
            return
        self._make_room(rows.block)
        begin, position = 0, -1
        while begin < len(rows.block):
            begin = insert_rows(
                self.first, self.size, self._clean, self.time, self._paid, self._prefix, self.record, self._values,
                rows.block, rows.time, rows.paid, rows.prefix, rows.record, rows.values, begin, position,
            )  # fmt: skip
            position = self._position(rows, begin) if begin < len(rows.block) else -1

    def remove(self, blocks: Integers, records: Integers) -> None:
        """Remove all rows of some payments."""
        remove_rows(
            self.first, self.size, self._clean, self.time, self._paid, self._prefix, self.record, self._values,
            blocks, records,
        )  # fmt: skip

    def evict(self, until: int) -> None:
        """Remove all rows at or before a time, and give back the memory."""
        drop_rows(
            self.first, self.size, self.time, self._paid, self._prefix, self.record, self._values, until
        )  # fmt: skip
        self._clean[:] = 0
        self._compact()

    def _position(self, rows: Rows, at: int) -> int:
        """Where a row belongs among those of other payments that agree in all but the identifier."""
        block, own = rows.block[at], self._ids[rows.record[at]]
        low, high = int(self.first[block]), int(self.first[block] + self.size[block])
        key = rows.time[at], rows.paid[at], rows.prefix[at], own
        row = low + int(np.searchsorted(self.time[low:high], rows.time[at]))
        while row < high and (self.time[row], self._paid[row], self._prefix[row], self._ids[self.record[row]]) <= key:
            row += 1
        return row

    def _make_room(self, blocks: Integers) -> None:
        """Room for one row more for each mention of a block."""
        mentioned, times = np.unique(blocks, return_counts=True)
        needed = self.size[mentioned] + times + 1
        for at in np.flatnonzero(needed > self._room[mentioned]):
            self._move(int(mentioned[at]), max(SMALLEST, 2 * int(needed[at])))

    def _move(self, block: int, room: int) -> None:
        """Move a block to where it has more room."""
        if self._top + room > len(self.time):
            self._grow(self._top + room)
        old, new = self.first[block], self._top
        rows = int(self.size[block]) + 1
        for array in self._arrays():
            array[..., new : new + rows] = array[..., old : old + rows]
        self.first[block], self._room[block] = new, room
        self._top += room

    def _arrays(self) -> tuple[npt.NDArray[Any], ...]:
        return (
            self.time, self._paid, self._prefix, self.record, self._values,
            self._count, self._millionths, self._squares, self._about,
        )  # fmt: skip

    def _grow(self, rows: int) -> None:
        """Longer arrays; half as many rows again."""
        longer = rows + rows // 2
        self._set(
            np.concatenate((array, np.zeros((*array.shape[:-1], longer - array.shape[-1]), array.dtype)), axis=-1)
            for array in self._arrays()
        )

    def _compact(self) -> None:
        """Put the blocks one after the other, each with room for half as many rows again."""
        room = np.where(self.size > 0, self.size + self.size // 2 + SMALLEST, 0)
        first = np.cumsum(room) - room
        self._top = int(room.sum())
        within = np.arange(int(self.size.sum())) - np.repeat(np.cumsum(self.size) - self.size, self.size)
        old, new = np.repeat(self.first, self.size) + within, np.repeat(first, self.size) + within
        arrays = []
        for array in self._arrays():
            made = np.zeros((*array.shape[:-1], self._top + 1), array.dtype)
            made[..., new] = array[..., old]
            arrays.append(made)
        self._set(arrays)
        self.first, self._room = first, room

    def _set(self, arrays: Iterable[npt.NDArray[Any]]) -> None:
        (
            self.time, self._paid, self._prefix, self.record, self._values,
            self._count, self._millionths, self._squares, self._about,
        ) = arrays  # fmt: skip
