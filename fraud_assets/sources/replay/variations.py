"""What a replay changes of a file: fields that are missing, records sent twice, records that come late.

What belongs here: the changes, in seeded small shares, and the batches they leave.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import orjson

from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.sources.files import Record, csv_line, split


@dataclass(frozen=True)
class Variations:
    """Shares of the records, 0 to 1, that lose a field, are sent twice, or come ``late_batches`` batches late."""

    missing: float = 0.0
    duplicates: float = 0.0
    late: float = 0.0
    late_batches: int = 5
    seed: int = 0

    @property
    def any(self) -> bool:
        """Whether anything is changed at all."""
        return self.missing > 0 or self.duplicates > 0 or self.late > 0


def batches(
    records: Iterable[Record], size: int, stream: Stream, variations: Variations, counts: Counter[str]
) -> Iterator[list[Record]]:
    """The records in batches of ``size`` of the file's, varied; how many were is added to ``counts``.

    Which records are changed depends on the seed and on a record's position in the file alone.
    """
    source, random = iter(records), np.random.default_rng(variations.seed)
    delayed: dict[int, list[Record]] = {}
    number = 0
    while batch := list(islice(source, size)):
        if variations.any:
            batch, later = _varied(batch, stream, variations, random.random((len(batch), 4)), counts)
            delayed[number + variations.late_batches] = later
            batch += delayed.pop(number, [])
        if batch:
            yield batch
        number += 1
    yield from (batch for _, batch in sorted(delayed.items()) if batch)


def _varied(
    batch: list[Record],
    stream: Stream,
    variations: Variations,
    chance: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    counts: Counter[str],
) -> tuple[list[Record], list[Record]]:
    """What of the batch is sent now, and what later."""
    now, later = list(batch), []
    for position in np.flatnonzero(chance[:, 0] < variations.missing).tolist():
        changed = _without_a_field(batch[position], stream, chance[position, 3])
        counts["missing"] += changed is not batch[position]
        now[position] = changed
    late = set(np.flatnonzero(chance[:, 2] < variations.late).tolist())
    again = [
        now[position]
        for position in np.flatnonzero(chance[:, 1] < variations.duplicates).tolist()
        if position not in late
    ]
    later = [now[position] for position in sorted(late)]
    counts["duplicates"] += len(again)
    counts["late"] += len(later)
    return [record for position, record in enumerate(now) if position not in late] + again, later


def _without_a_field(record: Record, stream: Stream, which: float) -> Record:
    """The record less one field, never the key or the label; itself when it cannot be read."""
    open_to_loss = [name for name in stream.fields if name not in (stream.key, stream.label_field)]
    name = open_to_loss[int(which * len(open_to_loss))]
    if stream.format == "csv":
        values = split(record.value, stream.separator)
        if len(values) != len(stream.fields):
            return record
        values[stream.fields.index(name)] = ""
        return record._replace(value=csv_line(values, stream.separator), whole=False)
    try:
        content = orjson.loads(record.value)
        change = content.get("payload") or content
        row = (change.get("after") or change.get("before")) if stream.format == "debezium" else content
        row.pop(name, None)
    except (orjson.JSONDecodeError, AttributeError):
        return record
    return record._replace(value=orjson.dumps(content), whole=False)
