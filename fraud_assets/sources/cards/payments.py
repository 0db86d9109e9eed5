"""Simulated payments as a frame: a whole day of a world, or a moment of its live traffic.

What belongs here: drawing payments and laying them out in columns. Rules: Le Borgne et al., Fraud Detection Handbook,
2022, chapter 3. A day's rows depend on the world and the day alone.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from fraud_assets.sources.cards.draws import Purpose, stream
from fraud_assets.sources.cards.frauds import apply_scenarios
from fraud_assets.sources.cards.world import Floats, Integers, World

DAY_SECONDS = 86_400
TIME_OF_DAY = (DAY_SECONDS / 2, 20_000.0)
"""Mean and standard deviation of the time of day, seconds; what falls outside the day is left out."""

_EPOCH = date(1970, 1, 1)
_DAY_MS = DAY_SECONDS * 1000


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def payments_of_day(world: World, day: date) -> pl.DataFrame:
    """The payments of one UTC day, in order of time.

    Columns: transaction_id, event_time (ms, UTC), customer_id, terminal_id, amount (EUR), currency, channel,
    customer_x, customer_y, terminal_x, terminal_y (grid units), is_fraud, scenario (0 none, 1–3).
    """
    number = day_number(day)
    random = stream(world.seed, Purpose.PAYMENTS, number)
    customers = np.repeat(np.arange(world.customers), random.poisson(world.mean_payments))
    seconds = random.normal(*TIME_OF_DAY, len(customers))
    milliseconds = (seconds * 1000).astype(np.int64)
    kept = np.flatnonzero((milliseconds > 0) & (milliseconds < _DAY_MS))
    kept = kept[np.argsort(milliseconds[kept], kind="stable")]
    ids = pl.select(pl.format(f"{day:%Y%m%d}-{{}}", pl.int_range(len(kept)).cast(pl.String).str.zfill(7))).to_series()
    return _frame(world, number, number * _DAY_MS + milliseconds[kept], customers[kept], ids, random)


def payments_between(world: World, start: date, end: datetime) -> Iterator[pl.DataFrame]:
    """The payments from midnight of ``start`` until before ``end`` (UTC), one frame a day, as `payments_of_day`."""
    for offset in range((end.date() - start).days + 1):
        day = start + timedelta(days=offset)
        if datetime(day.year, day.month, day.day, tzinfo=UTC) < end:
            frame = payments_of_day(world, day)
            yield frame if day < end.date() else frame.filter(pl.col("event_time") < end)


def payments_of_moment(world: World, start: datetime, end: datetime, rate: float) -> pl.DataFrame:
    """Live payments from ``start`` until before ``end`` (UTC): Poisson arrivals, ``rate`` a second.

    Columns as `payments_of_day`. Customers come as often, relative to one another, as on a simulated day, and who is
    compromised continues. Repeatable for the same arguments; moments that do not overlap share no transaction_id.
    """
    first, last = (round(moment.timestamp() * 1000) for moment in (start, end))
    random = stream(world.seed, Purpose.LIVE, first)
    count = int(random.poisson(rate * (last - first) / 1000))
    milliseconds = np.sort(random.integers(first, max(last, first + 1), count))
    often = world.payments_so_far
    customers = np.searchsorted(often, random.random(count) * often[-1], side="right")
    ids = pl.Series([f"live-{first}-{number}" for number in range(count)], dtype=pl.String)
    return _frame(world, first // _DAY_MS, milliseconds, customers, ids, random)


def _frame(
    world: World, day: int, milliseconds: Integers, customers: Integers, ids: pl.Series, random: np.random.Generator
) -> pl.DataFrame:
    """Terminals, amounts and frauds for payments whose time (ms since 1970) and customer are settled."""
    rows = len(customers)
    terminals = world.choose_terminals(customers, random.random(rows))
    amounts = _amounts(world.mean_amount[customers], random)
    amounts, scenario = apply_scenarios(world, day, customers, terminals, amounts, random.random(rows))
    home, shop = world.customer_place[customers], world.terminal_place[terminals]
    return pl.DataFrame(
        {
            "transaction_id": ids,
            "event_time": pl.Series(milliseconds).cast(pl.Datetime("ms", "UTC")),
            "customer_id": world.customer_ids.gather(customers),
            "terminal_id": world.terminal_ids.gather(terminals),
            "amount": amounts,
            "currency": pl.repeat("EUR", rows, eager=True),
            "channel": pl.repeat("pos", rows, eager=True),
            "customer_x": home[:, 0],
            "customer_y": home[:, 1],
            "terminal_x": shop[:, 0],
            "terminal_y": shop[:, 1],
            "is_fraud": scenario > 0,
            "scenario": scenario,
        }
    )


def _amounts(mean: Floats, random: np.random.Generator) -> Floats:
    """Amounts in EUR: normal with the customer's mean and half of it as deviation, uniform where that is negative."""
    amounts: Floats = random.normal(mean, mean / 2)
    fallback: Floats = random.random(len(mean)) * 2 * mean
    return np.where(amounts < 0, fallback, amounts).round(2)
