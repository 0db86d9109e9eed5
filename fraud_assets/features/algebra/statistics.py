"""What the last events of a customer or merchant say about a payment: the statistics that declarations name.

What belongs here: from matrices of recent events to a number a payment. Published sources stand with the features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from fraud_assets.declarations.features.kinds import Statistic
from fraud_assets.features.algebra.loops import (
    Floats,
    Integers,
    Mask,
    deviation_of_sorted,
    gaps,
    gather,
    middle_of_sorted,
    newest_run,
    share_between,
)
from fraud_assets.features.algebra.recent import median
from fraud_assets.features.algebra.windows import sum_of
from fraud_assets.features.events.protocol import Events
from fraud_assets.features.inputs.row import Facts, distance

DAY_US = 86_400e6
RUN_GAP_DAYS = 14
MAD_TO_STD = 1.4826  # of a normal distribution
HOURS_APART = 2


@dataclass(frozen=True)
class Run:
    """A merchant's latest run of known frauds; times are event times in µs, NaN where there is none."""

    count: Floats
    first: Floats
    last: Floats
    known_first: Floats
    known_last: Floats
    logs: Floats


@dataclass(frozen=True)
class Past:
    """Some payments and the newest events before each."""

    payments: Events
    rows: Integers  # of the payments
    events: Events
    end: Integers  # the position before which each one's events stand
    mask: Mask  # which of them count
    labels: Events
    entities: Integers
    facts: Facts

    def own(self, name: str) -> Floats:
        """A column of the payments."""
        return self.payments.column(name)[self.rows]

    def of(self, name: str) -> Floats:
        """A column of the events, a row a payment, newest first; NaN where none counts."""
        return gather(self.events.column(name), self.end, self.mask)

    def newest(self, name: str) -> Floats:
        """A column of the newest event; NaN where that does not count."""
        return np.where(self.mask[:, 0], self.events.column(name)[self.end - 1], np.nan)

    @cached_property
    def logs(self) -> Floats:
        """Logarithms of the events' amounts."""
        return self.of("amount_log")

    @cached_property
    def ascending(self) -> Floats:
        """The same in order, NaN last."""
        return np.sort(self.logs, axis=1)

    @cached_property
    def run(self) -> Run:
        """The latest events of which each happened within `RUN_GAP_DAYS` of the one that became known after it."""
        return Run(*newest_run(self.of("event_time"), self.of("known"), self.logs, RUN_GAP_DAYS * DAY_US))

    def labelled_since(self, known: Floats) -> tuple[Floats, Floats]:
        """How many labels of the payment's entity have become known after a time, in µs, and how many frauds."""
        now = self.own("event_time").astype(np.int64)
        since = np.where(np.isnan(known), now, known).astype(np.int64)
        start, end = self.labels.until(self.entities, since), self.labels.until(self.entities, now)
        received = self.labels.totals("is_fraud", start, end)
        counts, frauds = received.count.astype(np.float64), sum_of(received)
        return np.where(np.isnan(known), np.nan, counts), np.where(np.isnan(known), np.nan, frauds)


def _share(past: Past, name: str, low: Floats, high: Floats) -> Floats:
    return share_between(past.events.column(name), past.end, past.mask, low, high)


def _same(name: str) -> Callable[[Past], Floats]:
    return lambda past: _share(past, name, past.own(name), past.own(name))


def _same_hour(past: Past) -> Floats:
    hour = past.own("time_hour")
    return _share(past, "time_hour", (hour - HOURS_APART) % 24, (hour + HOURS_APART) % 24)


def _percentile(past: Past) -> Floats:
    amount = past.own("amount_log")
    return _share(past, "amount_log", np.full(len(amount), -np.inf), amount)


def _distance(past: Past, latitude: Floats, longitude: Floats) -> Floats:
    frame = pl.DataFrame(
        {"a": latitude, "b": longitude, "c": past.own("merchant_latitude"), "d": past.own("merchant_longitude")}
    )
    return frame.select(distance(past.facts, *map(pl.col, "abcd"))).to_series().to_numpy()


def _last(past: Past) -> Floats:
    return _distance(past, *(past.newest(f"merchant_{name}") for name in ("latitude", "longitude")))


def _usual(past: Past) -> Floats:
    return _distance(past, *(median(past.of(f"merchant_{name}")) for name in ("latitude", "longitude")))


def _genuine(past: Past) -> Floats:
    labels, frauds = past.labelled_since(past.run.known_last)
    return labels - frauds


def _run_share(past: Past) -> Floats:
    labels, _ = past.labelled_since(past.run.known_first - 1)
    return past.run.count / np.maximum(labels, past.run.count)


STATISTICS: dict[Statistic, Callable[[Past], Floats]] = {
    "count": lambda past: np.count_nonzero(past.mask, axis=1).astype(np.float64),
    "percentile": _percentile,
    "median": lambda past: middle_of_sorted(past.ascending),
    "spread": lambda past: MAD_TO_STD * deviation_of_sorted(past.ascending),
    "gap": lambda past: (past.own("event_time") - past.newest("event_time")) / 1e6,
    "median_gap": lambda past: median(gaps(past.events.column("event_time"), past.end, past.mask)) / 1e6,
    "same_hour": _same_hour,
    "same_merchant": _same("merchant_id"),
    "same_country": _same("country"),
    "last_distance": _last,
    "usual_distance": _usual,
    "run_count": lambda past: past.run.count,
    "run_age": lambda past: (past.own("event_time") - past.run.first) / DAY_US,
    "run_quiet": lambda past: (past.own("event_time") - past.run.last) / DAY_US,
    "run_genuine": _genuine,
    "run_share": _run_share,
    "run_amount": lambda past: past.run.logs,
}
OF_NOTHING: dict[Statistic, float] = {"count": 0.0, "run_count": 0.0}
"""What the statistics of no events are, where that is a number."""
