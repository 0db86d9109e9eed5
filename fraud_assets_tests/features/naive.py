"""The declarations' words, evaluated payment by payment and event by event in plain Python: slow, and easy to read.

Sums are exact fractions of millionths. What a feature needs of other features is read from the rows given, so each
feature is judged alone; inputs are made here from the payments.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import sqlglot
from sqlglot import exp

from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.declarations.features.kinds import (
    LAST,
    ORDINARY,
    Feature,
    RecentFeature,
    RowFeature,
    WindowFeature,
)

Row = dict[str, Any]
MICROSECOND = timedelta(microseconds=1)
SIGNAL_NAMES = [f"V{number}" for number in range(1, 6)]
EARTH_KM = 6371.0088
_NAMES = {feature.name for feature in FEATURES}


@dataclass(frozen=True)
class World:
    """Payments with their features, labels (transaction_id, is_fraud, known_at), and what is known of the source."""

    payments: Sequence[Row]
    labels: Sequence[Row]
    delay: timedelta
    began: datetime | None = None
    plane: bool = False
    watchlists: Sequence[Row] = ()

    def values(self, feature: Feature) -> list[float | None]:
        """The feature of each payment."""
        return [_value(feature, payment, self) for payment in self.payments]


@dataclass(frozen=True)
class Event:
    """Something at a moment: a payment, or what a label says of one. ``count`` is 0 for a correction."""

    at: datetime
    payment: Row
    count: int = 1
    change: int = 0  # of the number of frauds
    until: datetime = datetime.max

    @property
    def order(self) -> tuple[Any, ...]:
        return self.at, self.payment["event_time"], self.payment["transaction_id"]


def label_history(payment: Row, world: World) -> list[tuple[datetime, bool]]:
    """What a payment counted as from when on, in order of time."""
    due = payment["event_time"] + max(world.delay, MICROSECOND)
    received = [
        (max(label["known_at"], payment["event_time"] + MICROSECOND), label["is_fraud"])
        for label in sorted(world.labels, key=lambda label: label["known_at"])
        if label["transaction_id"] == payment["transaction_id"]
    ]
    return received if received and received[0][0] <= due else [(due, False), *received]


def intervals(payment: Row, world: World) -> list[tuple[datetime, datetime | None, bool]]:
    """From when until when a payment was known as fraud or not, the last of them without an end."""
    found: list[tuple[datetime, datetime | None, bool]] = []
    for at, fraud in label_history(payment, world):
        if found and found[-1][2] == fraud:
            continue
        if found:
            found[-1] = (found[-1][0], at, found[-1][2])
        found.append((at, None, fraud))
    return found


def known_as(payment: Row, now: datetime, world: World) -> bool | None:
    """Whether the payment was known as fraud; None before anything was known."""
    known = [fraud for at, fraud in label_history(payment, world) if at <= now]
    return known[-1] if known else None


def _value(feature: Feature, payment: Row, world: World) -> float | None:
    if isinstance(feature, RowFeature):
        found = _sql(sqlglot.parse_one(feature.expression), {**payment, **_inputs(feature.needs, payment, world)})
        return None if found is None or math.isnan(found) else float(found)
    if payment[feature.entity] is None:
        return None
    if isinstance(feature, WindowFeature):
        return _aggregate(feature, payment["event_time"], _window(feature, payment, world))
    return _statistic(feature, payment, _recent(feature, payment, world), world)


def _of_entity(feature: WindowFeature | RecentFeature, payment: Row, world: World) -> list[Row]:
    return [other for other in world.payments if other[feature.entity] == payment[feature.entity]]


def _window(feature: WindowFeature, payment: Row, world: World) -> list[tuple[Event, float | None]]:
    """The window's events with the column's values, oldest first."""
    now, span = payment["event_time"], timedelta(seconds=feature.window)
    others = _of_entity(feature, payment, world)
    events = []
    if feature.timeline == "labels":
        for other in others:
            before = False
            for n, (at, fraud) in enumerate(label_history(other, world)):
                events.append(Event(at, other, int(n == 0), int(fraud) - int(before)))
                before = fraud
    elif feature.timeline == "genuine payments":
        for other in others:
            for since, until, fraud in intervals(other, world):
                if not fraud and since <= now and (until is None or now < until):
                    events.append(Event(since, other))
    else:
        own = Event(now, payment)
        events = [e for e in (Event(other["event_time"], other) for other in others) if e.order <= own.order]
        if not feature.include_current:
            events = [e for e in events if e.payment is not payment]
    events = sorted((e for e in events if now - span < e.at <= now), key=lambda event: event.order)
    events = events if feature.last is None else events[-feature.last :]
    if feature.timeline == "labels":
        return [(event, event.change) for event in events]
    return [(event, event.payment[feature.column]) for event in events]


def _aggregate(feature: WindowFeature, now: datetime, window: list[tuple[Event, float | None]]) -> float | None:
    if feature.aggregate == "gap":
        counts = [e for e, value in window if (e.count if feature.timeline == "labels" else value != 0)]
        return (now - counts[-1].at) / timedelta(seconds=1) if counts else None
    present = [(event, value) for event, value in window if value is not None]
    count, values = sum(event.count for event, _ in present), [_millionths(value) for _, value in present]
    if feature.aggregate == "count":
        return float(count)
    if feature.aggregate == "sum":
        return float(sum(values, Fraction()))
    if feature.aggregate == "mean":
        return float(sum(values, Fraction()) / count) if count else feature.default
    if feature.aggregate == "std":
        return _std(values)
    return max((value for _, value in present), default=None)


def _millionths(value: float) -> Fraction:
    return Fraction(round(value * 1e6), 1_000_000)


def _std(values: list[Fraction]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values, Fraction()) / len(values)
    return math.sqrt(sum(((value - mean) ** 2 for value in values), Fraction()) / (len(values) - 1))


def _recent(feature: RecentFeature, payment: Row, world: World) -> list[Event | None]:
    """The newest events first, None for one that does not count."""
    now, span = payment["event_time"], timedelta(seconds=feature.window)
    others = _of_entity(feature, payment, world)
    if "known frauds" in feature.events:
        events = sorted(
            (
                Event(since, other, until=until or datetime.max.replace(tzinfo=now.tzinfo))
                for other in others
                for since, until, fraud in intervals(other, world)
                if fraud and now - span < since <= now
            ),
            key=lambda event: event.order,
        )
    else:
        own = Event(now, payment)
        events = sorted((Event(o["event_time"], o) for o in others), key=lambda event: event.order)
        events = [e for e in events if e.order < own.order and e.at > now - span]
    usual = _baseline(payment, world)["population_mean"]

    def counts(event: Event) -> bool:
        if feature.events == "payments not known as fraud":
            return not known_as(event.payment, now, world)
        if feature.events == "payments":
            return True
        ordinary = feature.events == "known frauds" or usual is None or event.payment["amount"] <= ORDINARY * usual
        return event.until > now and ordinary

    return [event if counts(event) else None for event in reversed(events[-LAST:])]


def _statistic(feature: RecentFeature, payment: Row, recent: list[Event | None], world: World) -> float | None:
    events = [event for event in recent if event is not None]
    now = payment["event_time"]
    if feature.statistic.startswith("run"):
        return _of_run(feature, payment, events, world)

    def share(column: str, hit: Callable[[float], bool]) -> float | None:
        present = [event.payment[column] for event in events if event.payment[column] is not None]
        return sum(map(hit, present)) / len(present) if present else None

    logs = sorted(event.payment["amount_log"] for event in events)
    if feature.statistic == "count":
        return float(len(events))
    if feature.statistic == "percentile":
        return share("amount_log", lambda log: log <= payment["amount_log"])
    if feature.statistic == "same_hour":
        return share(
            "time_hour", lambda hour: min((hour - payment["time_hour"]) % 24, (payment["time_hour"] - hour) % 24) <= 2
        )
    if feature.statistic in ("same_merchant", "same_country"):
        column = {"same_merchant": "merchant_id", "same_country": "country"}[feature.statistic]
        return share(column, lambda value: value == payment[column])
    if not events:
        return None
    if feature.statistic == "median":
        return float(statistics.median(logs))
    if feature.statistic == "spread":
        return float(1.4826 * statistics.median(abs(log - statistics.median(logs)) for log in logs))
    if feature.statistic == "gap":
        return (now - recent[0].at) / timedelta(seconds=1) if recent[0] else None
    if feature.statistic == "median_gap":
        pairs = [(a.at - b.at) / timedelta(seconds=1) for a, b in pairwise(recent) if a and b]
        return statistics.median(pairs) if pairs else None
    here = payment["merchant_latitude"], payment["merchant_longitude"]
    if feature.statistic == "last_distance":
        there = [recent[0].payment[f"merchant_{axis}"] if recent[0] else None for axis in ("latitude", "longitude")]
    else:
        there = [_median(event.payment[f"merchant_{axis}"] for event in events) for axis in ("latitude", "longitude")]
    return _distance(there[0], there[1], *here, plane=world.plane)


def _median(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def _of_run(feature: RecentFeature, payment: Row, frauds: list[Event], world: World) -> float | None:
    """Of the newest known frauds, each of which happened within 14 days of the one before it in the list."""
    run: list[Event] = []
    for event in frauds:
        if run and abs(run[-1].payment["event_time"] - event.payment["event_time"]) > timedelta(days=14):
            break
        run.append(event)
    now = payment["event_time"]
    if feature.statistic == "run_count":
        return float(len(run))
    if not run:
        return None
    if feature.statistic == "run_age":
        return float((now - run[-1].payment["event_time"]) / timedelta(days=1))
    if feature.statistic == "run_quiet":
        return float((now - run[0].payment["event_time"]) / timedelta(days=1))
    if feature.statistic == "run_amount":
        return math.fsum(event.payment["amount_log"] for event in run) / len(run)
    since = run[0].at if feature.statistic == "run_genuine" else run[-1].at - MICROSECOND
    events = [
        (int(n == 0), int(fraud) - int(n > 0 and history[n - 1][1]))
        for other in _of_entity(feature, payment, world)
        for history in [label_history(other, world)]
        for n, (at, fraud) in enumerate(history)
        if since < at <= now
    ]
    labels, changes = sum(count for count, _ in events), sum(change for _, change in events)
    return float(labels - changes) if feature.statistic == "run_genuine" else len(run) / max(labels, len(run))


def _distance(lat: Any, lon: Any, to_lat: Any, to_lon: Any, plane: bool) -> float | None:
    if None in (lat, lon, to_lat, to_lon):
        return None
    if plane:
        return math.sqrt((to_lat - lat) ** 2 + (to_lon - lon) ** 2)
    phi, to_phi = math.radians(lat), math.radians(to_lat)
    across = math.sin(math.radians(to_lon - lon) / 2) ** 2 * math.cos(phi) * math.cos(to_phi)
    return 2 * EARTH_KM * math.asin(math.sqrt(min(max(math.sin((to_phi - phi) / 2) ** 2 + across, 0), 1)))


def _inputs(needs: Iterable[str], payment: Row, world: World) -> Row:
    """What row features read that is neither a column nor a feature."""
    found: Row = {}
    for name in needs:
        if name == "hours_since_began":
            began = world.began
            found[name] = None if began is None else (payment["event_time"] - began) // MICROSECOND * (1 / 3.6e9)
        elif name == "home_distance":
            axes = [f"{who}_{axis}" for who in ("customer", "merchant") for axis in ("latitude", "longitude")]
            lat, lon, to_lat, to_lon = (payment[axis] for axis in axes)
            found[name] = _distance(lat, lon, to_lat, to_lon, world.plane)
        elif name == "category_number":
            found[name] = _code(payment["category"])
        elif name.startswith("signal"):
            found[name] = _signal(name, payment["signals"])
        elif name.startswith("population") and name not in _NAMES:
            found[name] = _baseline(payment, world)[name]
        elif name.endswith("_listed") or name == "ip_country":
            found[name] = _watchlist(name, payment, world)
    return found


def _code(category: str | None) -> float | None:
    if category is None:
        return None
    text = category.ljust(16).encode()
    first, second = (int.from_bytes(text[start : start + 8], "big") for start in (0, 8))
    return float((first % 65_521 * 251 + second % 65_521) % 65_521)


def _signal(name: str, signals: dict[str, float | None] | None) -> float | None:
    if signals is None:
        return None
    if name.startswith("signal_v"):
        return signals.get(name.removeprefix("signal_").upper())
    values = [value for value in signals.values() if value is not None]
    if name == "signals_mean":
        return math.fsum(values) / len(values) if values else None
    return statistics.stdev(values) if len(values) > 1 else None


def _baseline(payment: Row, world: World) -> dict[str, float | None]:
    """The source's amounts in the 30 days before the payment's hour, and in the hour before."""

    def hour_of(row: Row) -> datetime:
        time: datetime = row["event_time"]
        return time.replace(minute=0, second=0, microsecond=0)

    hour = hour_of(payment)
    month = [p["amount"] for p in world.payments if hour - timedelta(days=30) <= hour_of(p) < hour]
    last = [_millionths(p["amount"]) for p in world.payments if hour_of(p) == hour - timedelta(hours=1)]
    amounts, logs = [_millionths(a) for a in month], [_millionths(math.log1p(a)) for a in month]
    found = {
        "population_mean": _mean(amounts), "population_std": _std(amounts),
        "population_mean_log": _mean(logs), "population_std_log": _std(logs), "population_mean_hour": _mean(last),
    }  # fmt: skip
    return {name: None if value is None else _three_digits(value) for name, value in found.items()}


def _three_digits(value: float) -> float:
    """The value in three significant digits, a half of the last one rounded away from zero."""
    if value == 0:
        return value
    power = 10.0 ** (2 - math.floor(math.log10(value)))
    return math.floor(value * power + 0.5) / power


def _mean(values: list[Fraction]) -> float | None:
    return float(sum(values, Fraction()) / len(values)) if values else None


_LISTS = {
    "customer_listed": ("suspicious_cards", "customer_id"),
    "merchant_listed": ("suspicious_merchants", "merchant_id"),
    "ip_listed": ("blocked_ips", "ip"),
    "ip_country": ("ip_countries", "ip"),
}


def _watchlist(name: str, payment: Row, world: World) -> Any:
    """Of each valid_from of an entry, the newest revision known by then decides."""
    which, column = _LISTS[name]
    entry, now = payment[column], payment["event_time"]
    known = sorted(
        (r for r in world.watchlists if r["list"] == which and r["known_at"] <= now), key=lambda r: r["known_at"]
    )
    if entry is None or not known:
        return None
    newest = {(r["entry"], r["valid_from"]): r for r in known}
    valid = [r for r in newest.values() if r["valid_from"] <= now and (r["valid_to"] is None or now < r["valid_to"])]
    if name != "ip_country":
        return float(any(r["entry"] == entry for r in valid))
    number = sum(int(byte) * 256**power for byte, power in zip(entry.split("."), (3, 2, 1, 0), strict=True))
    return next((r["country"] for r in valid if r["ip_first"] <= number <= r["ip_last"]), None)


def _sql(node: exp.Expr, row: Row) -> Any:
    """A SQL expression's value: null in, null out, but for what says otherwise."""
    if isinstance(node, exp.Column):
        return row[node.name]
    if isinstance(node, exp.Literal):
        return float(node.this)
    if isinstance(node, exp.Paren | exp.Alias):
        return _sql(node.this, row)
    if isinstance(node, exp.Coalesce):
        return next((v for n in [node.this, *node.expressions] if (v := _sql(n, row)) is not None), None)
    if isinstance(node, exp.Case):
        chosen = next((branch for branch in node.args["ifs"] if _sql(branch.this, row)), None)
        default = node.args.get("default")
        return _sql(chosen.args["true"], row) if chosen else None if default is None else _sql(default, row)
    if isinstance(node, exp.Nullif):
        value, other = _sql(node.this, row), _sql(node.expression, row)
        return None if value == other else value
    if isinstance(node, exp.Greatest | exp.Least):
        values = [v for n in [node.this, *node.expressions] if (v := _sql(n, row)) is not None]
        choose = max if isinstance(node, exp.Greatest) else min
        return choose(values) if values else None
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Is):
        return _sql(node.this.this, row) is not None
    if isinstance(node, exp.Extract):
        time = _sql(node.expression, row)
        return time.isoweekday() if node.name.lower() == "isodow" else time.hour
    if isinstance(node, exp.Cast):
        value = _sql(node.this, row)
        return None if value is None else float(value)
    values = [_sql(child, row) for child in node.iter_expressions()]
    return None if None in values else _OPERATIONS[node.sql_name() if isinstance(node, exp.Func) else node.key](*values)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b if b else math.nan, "neg": lambda a: -a,
    "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b, "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b,
    "eq": lambda a, b: a == b, "neq": lambda a, b: a != b,
    "SQRT": math.sqrt, "POWER": math.pow, "POW": math.pow, "UPPER": str.upper, "ANONYMOUS": lambda a: math.log1p(a),
}  # fmt: skip
