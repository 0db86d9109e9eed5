"""Running the cards simulator: history to Kafka or to a file, and live traffic.

What belongs here: what is sent when. These functions print nothing; they report progress to a callback and return
what they sent.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from fraud_assets.errors import FraudError
from fraud_assets.sources.cards.draws import Purpose, stream
from fraud_assets.sources.cards.faults import KINDS, with_faults
from fraud_assets.sources.cards.payments import day_number, payments_between, payments_of_moment
from fraud_assets.sources.cards.records import labels_of, to_wire
from fraud_assets.sources.cards.world import World
from fraud_assets.sources.produce import Producer, ensure_topics, producer

_TICK_S = 0.1  # live payments are sent this often
_ROW_GROUP = 100_000  # payments kept in memory before they are written to a file


@dataclass(frozen=True)
class Period:
    """A stretch of simulated time: from midnight (UTC) of ``start`` until before ``end``."""

    start: date
    end: datetime

    def __post_init__(self) -> None:
        """Refuse a period with nothing in it."""
        if self.days < 1:
            raise FraudError(f"no such period: from {self.start} until {self.end:%Y-%m-%d %H:%M}; end it later")

    @classmethod
    def ending(cls, end: datetime, days: int) -> "Period":
        """The ``days`` whole days before the day of ``end``, and that day until ``end`` (UTC).

        Raises:
            FraudError: they would begin before 1970.
        """
        if days > day_number(end.date()):
            raise FraudError(
                f"no such period: {days:,} days before {end:%Y-%m-%d} is before 1970; end it later, or give fewer days"
            )
        return cls((end - timedelta(days=days)).date(), end)

    @property
    def days(self) -> int:
        """How many days the period touches."""
        return (self.end - timedelta(microseconds=1)).date().toordinal() - self.start.toordinal() + 1


@dataclass(frozen=True)
class Delivery:
    """How a world's payments reach Kafka; ``malformed`` and ``duplicates`` are shares of the payments."""

    servers: str
    transactions: str = "cards-transactions"
    labels: str = "cards-labels"
    partitions: int = 2
    label_delay: timedelta = timedelta(days=7)
    malformed: float = 0.0
    duplicates: float = 0.0


@dataclass
class Sent:
    """What a simulation sent; ``labels_due`` are chargebacks whose time had not come."""

    transactions: int = 0
    frauds: int = 0
    duplicates: int = 0
    malformed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    labels: int = 0
    labels_due: int = 0

    @property
    def records(self) -> int:
        """Everything that went to the topic of transactions."""
        return self.transactions + self.duplicates + sum(self.malformed.values())

    def count(self, payments: pl.DataFrame, faults: Counter[str]) -> None:
        """Add a batch of payments and its faults."""
        self.transactions += payments.height
        self.frauds += int(payments["is_fraud"].sum())
        self.duplicates += faults["duplicates"]
        for kind in KINDS:
            self.malformed[kind] += faults[kind]


Progress = Callable[[Sent], None]


def simulate_history(world: World, period: Period, delivery: Delivery, progress: Progress | None = None) -> Sent:
    """Send the payments of ``period`` to Kafka, as fast as it takes them, and the labels known by its end.

    ``progress`` is called after each day. Raises `FraudError` if Kafka cannot be reached or does not confirm a record.
    """
    ensure_topics(delivery.servers, (delivery.transactions, delivery.labels), delivery.partitions)
    sent, waiting = Sent(), []
    with producer(delivery.servers) as out:
        for payments in payments_between(world, period.start, period.end):
            first = payments["event_time"].min()
            assert first is None or isinstance(first, datetime)
            fault_key = day_number(first.date()) if first else 0
            _send_payments(out, world, payments, fault_key, delivery, sent)
            waiting.append(labels_of(payments, delivery.label_delay))
            if progress:
                progress(sent)
        _send_due(out, pl.concat(waiting), period.end, delivery, sent)
    return sent


def simulate_live(
    world: World,
    rate: float,
    delivery: Delivery,
    stop: threading.Event,
    seconds: float | None = None,
    history: Period | None = None,
    progress: Progress | None = None,
) -> Sent:
    """Send payments that happen now, ``rate`` a second, until ``stop`` is set or ``seconds`` are over.

    With ``history``, the period sent before, its chargebacks follow when their time comes; so do those of the live
    payments themselves, as long as this runs. ``progress`` is called ten times a second. Raises as
    `simulate_history`.
    """
    ensure_topics(delivery.servers, (delivery.transactions, delivery.labels), delivery.partitions)
    sent, waiting = Sent(), _labels_after(world, history, delivery.label_delay)
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    previous = _now()
    with producer(delivery.servers, linger_ms=5) as out:
        while time.monotonic() < until and not stop.wait(min(_TICK_S, max(0.0, until - time.monotonic()))):
            now = _now()
            payments = payments_of_moment(world, previous, now, rate)
            if payments.height:
                _send_payments(out, world, payments, int(previous.timestamp() * 1000), delivery, sent)
                waiting = pl.concat([waiting, labels_of(payments, delivery.label_delay)])
            waiting = _send_due(out, waiting, now, delivery, sent)
            previous = now
            if progress:
                progress(sent)
    return sent


def simulate_file(world: World, period: Period, path: Path, progress: Progress | None = None) -> Sent:
    """Write the payments of ``period`` to a Parquet file, is_fraud and scenario included; needs little memory."""
    sent, writer, unwritten = Sent(), None, []
    try:
        for payments in payments_between(world, period.start, period.end):
            unwritten.append(payments)
            sent.count(payments, Counter())
            if sum(frame.height for frame in unwritten) >= _ROW_GROUP:
                writer, unwritten = _write(writer, unwritten, path), []
            if progress:
                progress(sent)
        if unwritten:
            writer = _write(writer, unwritten, path)
    finally:
        if writer:
            writer.close()
    return sent


def _write(writer: pq.ParquetWriter | None, frames: list[pl.DataFrame], path: Path) -> pq.ParquetWriter:
    table = pl.concat(frames).to_arrow()
    writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
    writer.write_table(table)
    return writer


def _send_payments(
    out: Producer, world: World, payments: pl.DataFrame, fault_key: int, delivery: Delivery, sent: Sent
) -> None:
    random = stream(world.seed, Purpose.FAULTS, fault_key)
    records, faults = with_faults(to_wire(payments), delivery.malformed, delivery.duplicates, random)
    out.send(delivery.transactions, records.iter_rows())
    sent.count(payments, faults)


def _send_due(out: Producer, labels: pl.DataFrame, until: datetime, delivery: Delivery, sent: Sent) -> pl.DataFrame:
    """Send the labels whose time has come; returns those still due."""
    due = pl.col("labelled_at") <= until
    sent.labels += out.send(delivery.labels, labels.filter(due).select("key", "value").iter_rows())
    rest = labels.filter(~due)
    sent.labels_due = rest.height
    return rest


def _labels_after(world: World, history: Period | None, delay: timedelta) -> pl.DataFrame:
    """The labels of ``history`` that were still due at its end; none without a history."""
    if history is None:
        return labels_of(payments_of_moment(world, _now(), _now(), 0.0), delay)
    start = max(history.start, (history.end - delay).date())
    labels = [labels_of(payments, delay) for payments in payments_between(world, start, history.end)]
    return pl.concat(labels).filter(pl.col("labelled_at") > history.end)


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
