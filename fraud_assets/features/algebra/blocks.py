"""Loops over events that are kept in blocks: rows of arrays, a block for each entity, with room to grow.

What belongs here: arrays in, arrays changed or out. Rows of a block are in the order (time, paid, prefix, id): when the
event counts, when its payment happened, and the identifier of its payment, whose first eight bytes are ``prefix``.
"""

import numpy as np
import numpy.typing as npt

from fraud_assets.features.algebra.loops import Floats, Integers, Mask, compiled

Unsigned = npt.NDArray[np.uint64]


@compiled
def insert_rows(
    first: Integers,
    size: Integers,
    clean: npt.NDArray[np.int64],
    time: Integers,
    paid: Integers,
    prefix: Unsigned,
    record: Integers,
    values: npt.NDArray[np.float64],
    block: Integers,
    new_time: Integers,
    new_paid: Integers,
    new_prefix: Unsigned,
    new_record: Integers,
    new_values: npt.NDArray[np.float64],
    begin: int,
    position: int,
) -> int:
    """Insert rows from ``begin`` on, each into its block, which must have room; returns where it stopped.

    It stops before a row that a row of another payment equals in time, paid and prefix: the caller says at which
    position (``position``) that belongs and calls again; -1 leaves the first row's position to the loop.
    """
    for n in range(begin, len(block)):
        of = block[n]
        low, high = first[of], first[of] + size[of]
        last = high
        if n == begin and position >= 0:
            low = position
        else:
            while low < high:
                half = (low + high) // 2
                later = time[half] > new_time[n] or (
                    time[half] == new_time[n]
                    and (paid[half] > new_paid[n] or (paid[half] == new_paid[n] and prefix[half] > new_prefix[n]))
                )
                if later:
                    high = half
                else:
                    low = half + 1
            if (
                low > first[of]
                and time[low - 1] == new_time[n]
                and paid[low - 1] == new_paid[n]
                and prefix[low - 1] == new_prefix[n]
                and record[low - 1] != new_record[n]
            ):
                return n
        for row in range(last, low, -1):
            time[row], paid[row] = time[row - 1], paid[row - 1]
            prefix[row], record[row] = prefix[row - 1], record[row - 1]
            for column in range(len(values)):
                values[column, row] = values[column, row - 1]
        time[low], paid[low], prefix[low], record[low] = new_time[n], new_paid[n], new_prefix[n], new_record[n]
        for column in range(len(values)):
            values[column, low] = new_values[column, n]
        size[of] += 1
        for summed in range(len(clean)):
            clean[summed, of] = min(clean[summed, of], low - first[of])
    return len(block)


@compiled
def remove_rows(
    first: Integers,
    size: Integers,
    clean: npt.NDArray[np.int64],
    time: Integers,
    paid: Integers,
    prefix: Unsigned,
    record: Integers,
    values: npt.NDArray[np.float64],
    block: Integers,
    records: Integers,
) -> None:
    """Remove all rows of payments from their blocks."""
    for n in range(len(block)):
        of = block[n]
        kept = first[of]
        for row in range(first[of], first[of] + size[of]):
            if record[row] == records[n]:
                for summed in range(len(clean)):
                    clean[summed, of] = min(clean[summed, of], kept - first[of])
                continue
            if kept < row:
                time[kept], paid[kept], prefix[kept], record[kept] = time[row], paid[row], prefix[row], record[row]
                for column in range(len(values)):
                    values[column, kept] = values[column, row]
            kept += 1
        size[of] = kept - first[of]


@compiled
def positions_in_blocks(first: Integers, size: Integers, time: Integers, block: Integers, at: Integers) -> Integers:
    """The position after the last row of each block at or before the moment ``at``."""
    result = np.empty(len(block), np.int64)
    for n in range(len(block)):
        low, high = first[block[n]], first[block[n]] + size[block[n]]
        while low < high:
            half = (low + high) // 2
            if time[half] <= at[n]:
                low = half + 1
            else:
                high = half
        result[n] = low
    return result


@compiled
def positions_of(
    first: Integers, size: Integers, time: Integers, record: Integers, block: Integers, at: Integers, records: Integers
) -> Integers:
    """The position of each payment's last row in its block, at the moment ``at``."""
    result = np.empty(len(block), np.int64)
    for n in range(len(block)):
        low, high = first[block[n]], first[block[n]] + size[block[n]]
        while low < high:
            half = (low + high) // 2
            if time[half] <= at[n]:
                low = half + 1
            else:
                high = half
        low -= 1
        while record[low] != records[n]:
            low -= 1
        result[n] = low
    return result


@compiled
def sum_up(
    first: Integers,
    size: Integers,
    clean: Integers,
    block: Integers,
    values: Floats,
    counts: Floats,
    weighted: bool,
    count: Integers,
    millionths: Integers,
    squares: Unsigned,
    about: Floats,
) -> None:
    """Complete the running totals of some blocks; ``clean`` says how many rows of each have them.

    Totals of all rows before one stand at its position. Values are whole millionths; NaN does not count.
    """
    for of in block:
        row = first[of] + clean[of]
        if clean[of] == 0:
            count[row], millionths[row], squares[row], about[row] = 0, 0, np.uint64(0), 0.0
        for at in range(row, first[of] + size[of]):
            value = values[at]
            counted = np.int64(counts[at]) if weighted else 1
            if np.isnan(value):
                whole, counted = np.int64(0), 0
            else:
                whole = np.int64(np.rint(value * 1e6))
            unsigned = np.uint64(abs(whole))
            count[at + 1] = count[at] + counted
            millionths[at + 1] = millionths[at] + whole
            squares[at + 1] = squares[at] + unsigned * unsigned
            about[at + 1] = about[at] + np.float64(whole) * np.float64(whole)
        clean[of] = size[of]


@compiled
def highest_between(values: Floats, start: Integers, end: Integers) -> Floats:
    """The maximum of ``values[start:end]`` for each pair; NaN of nothing."""
    result = np.full(len(start), np.nan)
    for n in range(len(start)):
        for row in range(start[n], end[n]):
            if not values[row] <= result[n] and not np.isnan(values[row]):
                result[n] = values[row]
    return result


@compiled
def latest_between(times: Integers, values: Floats, start: Integers, end: Integers) -> Floats:
    """The time of the last of the rows ``[start, end)`` whose value is not 0; NaN where there is none."""
    result = np.full(len(start), np.nan)
    for n in range(len(start)):
        for row in range(end[n] - 1, start[n] - 1, -1):
            if values[row] != 0:
                result[n] = times[row]
                break
    return result


@compiled
def ended_totals(
    values: Floats, until: Floats, start: Integers, end: Integers, now: Integers
) -> tuple[Integers, Integers, Unsigned, Floats]:
    """Counts, millionths, squares and nearly the squares of the rows ``[start, end)`` that ended by ``now``."""
    rows = len(start)
    count, millionths = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    squares, about = np.zeros(rows, np.uint64), np.zeros(rows)
    for n in range(rows):
        for row in range(start[n], end[n]):
            if until[row] <= now[n] and not np.isnan(values[row]):
                whole = np.int64(np.rint(values[row] * 1e6))
                unsigned = np.uint64(abs(whole))
                count[n] += 1
                millionths[n] += whole
                squares[n] += unsigned * unsigned
                about[n] += np.float64(whole) * np.float64(whole)
    return count, millionths, squares, about


@compiled
def clear_frauds(
    mask: Mask,
    end: Integers,
    now: Integers,
    record: Integers,
    fraud_start: Integers,
    fraud_end: Integers,
    fraud_until: Floats,
    fraud_record: Integers,
) -> Mask:
    """The mask over the rows before ``end``, without payments that are among the frauds until after ``now``."""
    result = mask.copy()
    for n in range(len(end)):
        for fraud in range(fraud_start[n], fraud_end[n]):
            if fraud_until[fraud] <= now[n]:
                continue
            for back in range(mask.shape[1]):
                if result[n, back] and record[end[n] - 1 - back] == fraud_record[fraud]:
                    result[n, back] = False
    return result


@compiled
def drop_rows(
    first: Integers,
    size: Integers,
    time: Integers,
    paid: Integers,
    prefix: Unsigned,
    record: Integers,
    values: npt.NDArray[np.float64],
    until: int,
) -> None:
    """Remove the rows at or before a moment from every block."""
    for of in range(len(first)):
        begin = first[of]
        gone = 0
        while gone < size[of] and time[begin + gone] <= until:
            gone += 1
        if gone == 0:
            continue
        for row in range(begin, begin + size[of] - gone):
            time[row], paid[row], prefix[row], record[row] = (
                time[row + gone], paid[row + gone], prefix[row + gone], record[row + gone],
            )  # fmt: skip
            for column in range(len(values)):
                values[column, row] = values[column, row + gone]
        size[of] -= gone
