"""A file sent to a source's topic, in batches, as fast as Kafka takes it or at a rate.

What belongs here: pacing and measuring. These functions print nothing; they report to a callback and return a report.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.sources.files import Record, records
from fraud_assets.sources.produce import ensure_topics, producer
from fraud_assets.sources.replay.variations import Variations, batches

ALARMING = 0.01
"""The fraud rate of a batch above which a warning is shown."""

_CONFIRM_EVERY = 50_000
"""Records between two waits for the broker when nothing paces the replay; each wait measures the latency."""


@dataclass(frozen=True)
class Batch:
    """One batch as it was sent; ``latency_s`` until the broker confirmed it, None where that was not waited for."""

    number: int
    records: int
    frauds: int
    whole: int
    latency_s: float | None

    @property
    def fraud_rate(self) -> float:
        """Frauds among the records, 0 to 1, by the embedded label."""
        return self.frauds / self.records

    @property
    def quality(self) -> float:
        """Records with a value in every declared field, 0 to 1."""
        return self.whole / self.records

    @property
    def alarming(self) -> bool:
        """Whether the batch's fraud rate is above `ALARMING`."""
        return self.fraud_rate > ALARMING


@dataclass
class Report:
    """What a replay sent so far; latencies in seconds. Frauds are known where the label is a field of the records."""

    file: str
    topic: str
    seed: int
    labelled: bool = True
    records: int = 0
    batches: int = 0
    frauds: int = 0
    whole: int = 0
    alarming_batches: int = 0
    seconds: float = 0.0
    changed: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def records_per_s(self) -> float:
        """Throughput so far."""
        return self.records / self.seconds if self.seconds else 0.0

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.records += batch.records
        self.batches += 1
        self.frauds += batch.frauds
        self.whole += batch.whole
        self.alarming_batches += batch.alarming
        if batch.latency_s is not None:
            self.latencies.append(batch.latency_s)

    def summary(self) -> dict[str, object]:
        """The report as JSON holds it; latencies in milliseconds, rates from 0 to 1."""
        p50, p95, most = np.quantile(self.latencies, (0.5, 0.95, 1)) * 1000 if self.latencies else (0.0, 0.0, 0.0)
        share = max(self.records, 1)
        return {
            "file": self.file,
            "topic": self.topic,
            "seed": self.seed,
            "records": self.records,
            "batches": self.batches,
            "seconds": round(self.seconds, 3),
            "records_per_s": round(self.records_per_s, 1),
            "latency_ms": {"p50": round(p50, 1), "p95": round(p95, 1), "max": round(most, 1)},
            "quality": round(self.whole / share, 6),
            "fraud_rate": round(self.frauds / share, 6) if self.labelled else None,
            "batches_above_1_percent_fraud": self.alarming_batches if self.labelled else None,
            **{name: self.changed[name] for name in ("missing", "duplicates", "late")},
        }


def replay(
    path: Path,
    stream: Stream,
    servers: str,
    batch_size: int = 1_000,
    rate: float | None = None,
    variations: Variations = Variations(),  # noqa: B008 - frozen
    stop: threading.Event | None = None,
    progress: Callable[[Batch, Report], None] | None = None,
) -> Report:
    """Send the file's rows to the stream's topic, ``rate`` records a second, or as fast as Kafka takes them.

    ``progress`` is called after each batch; ``stop`` ends the replay after the batch under way. Raises `FraudError`
    if the file cannot be read as the source's, or Kafka does not confirm a record.
    """
    stop = stop or threading.Event()
    report = Report(path.name, stream.topic, variations.seed, stream.label_field is not None)
    sending = batches(records(path, stream), batch_size, stream, variations, report.changed)
    first = next(sending, None)  # a file that is not the source's is refused before a topic is made
    ensure_topics(servers, [stream.topic])
    started, unconfirmed = time.perf_counter(), 0
    with producer(servers, linger_ms=5 if rate else 50) as out:
        while first is not None and not stop.is_set():
            handed_over = time.perf_counter()
            out.send(stream.topic, ((record.key, record.value) for record in first))
            unconfirmed += len(first)
            latency = None
            if rate or unconfirmed >= _CONFIRM_EVERY:
                out.flush()
                latency, unconfirmed = time.perf_counter() - handed_over, 0
            batch = _batch(report.batches + 1, first, latency)
            report.add(batch)
            report.seconds = time.perf_counter() - started
            if progress:
                progress(batch, report)
            if rate:
                stop.wait(max(0.0, started + report.records / rate - time.perf_counter()))
            first = next(sending, None)
        last = time.perf_counter()
        out.flush()
        if unconfirmed:
            report.latencies.append(time.perf_counter() - last)
    report.seconds = time.perf_counter() - started
    return report


def _batch(number: int, sent: list[Record], latency: float | None) -> Batch:
    frauds = sum(record.fraud for record in sent)
    return Batch(number, len(sent), frauds, sum(record.whole for record in sent), latency)
