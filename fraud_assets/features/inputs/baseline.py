"""The source's baseline: statistics of all its amounts, known at the start of every hour.

They are taken from the 30 days before the hour, sums being exact and results rounded to three significant digits, so
that a payment which comes late hardly ever changes what later payments were compared with.
"""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from math import sqrt

import numpy as np
import polars as pl

SPAN = timedelta(days=30)
HOUR = timedelta(hours=1)
NAMES = ("population_mean", "population_std", "population_mean_log", "population_std_log", "population_mean_hour")
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "hour": pl.Datetime("us", "UTC"),
    **dict.fromkeys(NAMES, pl.Float64),
}
_DIGITS = 3
_HOUR, _SPAN = (span // timedelta(microseconds=1) for span in (HOUR, SPAN))
_NOTHING = (0, 0, 0, 0, 0)


def source_baseline(payments: pl.LazyFrame) -> pl.DataFrame:
    """The statistics for each hour that has payments, as `SCHEMA`; null where there is nothing to take them from.

    ``payments`` needs event_time and amount, of one source, and should begin 30 days before the first hour of interest.
    ``population_mean_hour`` is of the hour before; the standard deviations are the sample's (n - 1). Logarithms are of
    1 + amount.
    """
    amounts, logs = millionths("amount")
    hourly = (
        payments.group_by(hour=pl.col("event_time").dt.truncate("1h"))
        .agg(
            n=pl.len().cast(pl.Int128),
            amount=amounts.sum(), amount2=(amounts * amounts).sum(), log=logs.sum(), log2=(logs * logs).sum(),
        )
        .sort("hour")
        .collect(engine="streaming")
    )  # fmt: skip
    hours = hourly["hour"].to_physical().to_numpy()
    running = {
        name: np.concatenate((np.zeros(1, object), np.cumsum(np.array(hourly[name].to_list(), object))))
        for name in ("n", "amount", "amount2", "log", "log2")
    }
    month_ago, hour_ago = (np.searchsorted(hours, hours - span // timedelta(microseconds=1)) for span in (SPAN, HOUR))
    rows = []
    for at, (first, last) in enumerate(zip(month_ago, hour_ago, strict=True)):
        month = [totals[at] - totals[first] for totals in running.values()]
        rows.append(_statistics(month, *(running[name][at] - running[name][last] for name in ("n", "amount"))))
    return hourly.select("hour").hstack(_rounded(rows))


class LiveBaseline:
    """The same payment by payment: totals of each hour, and of the 30 days before the newest one asked for."""

    def __init__(self) -> None:
        """Of a source without payments."""
        self._hourly: dict[int, list[int]] = {}
        self._end = 0  # the hour before which the month ends
        self._month = [*_NOTHING]
        self._by_hour: dict[int, tuple[float | None, ...]] = {}  # of the month's hour, and of late ones

    def next(self, time: int, amount: int, log: int) -> tuple[float | None, ...]:
        """The statistics for a payment at a time in µs, which then counts; ``amount`` and ``log`` are `millionths`."""
        hour = time - time % _HOUR
        result = self._by_hour.get(hour)
        if result is None:
            result = self._by_hour[hour] = self._of(hour)
        self.add(time, amount, log, 1)
        return result

    def add(self, time: int, amount: int, log: int, count: int) -> None:
        """Count a payment, or, with a count of -1, no longer."""
        hour = time - time % _HOUR
        more = (count, count * amount, count * amount * amount, count * log, count * log * log)
        _add(self._hourly.setdefault(hour, [*_NOTHING]), more)
        if hour < self._end:
            self._by_hour.clear()
            if hour >= self._end - _SPAN:
                _add(self._month, more)

    def evict(self, before: int) -> None:
        """Forget what no payment at or after a time in µs is compared with."""
        least = before - before % _HOUR - _SPAN
        self._hourly = {hour: totals for hour, totals in self._hourly.items() if hour >= least}
        if self._end - _SPAN < least:
            self._end, self._month = 0, [*_NOTHING]
        self._by_hour.clear()

    def _of(self, hour: int) -> tuple[float | None, ...]:
        last = self._hourly.get(hour - _HOUR, _NOTHING)
        return _rounded([_statistics(self._before(hour), last[0], last[1])]).row(0)

    def _before(self, hour: int) -> Sequence[int]:
        """The totals of the 30 days before an hour."""
        if not self._end <= hour <= self._end + _SPAN:
            result = self._total(hour - _SPAN, hour)
            if hour > self._end:
                self._end, self._month = hour, result
            return result
        if hour > self._end:
            _add(self._month, self._total(self._end, hour))
            _add(self._month, [-total for total in self._total(self._end - _SPAN, hour - _SPAN)])
            self._end = hour
            self._by_hour.clear()
        return self._month

    def _total(self, begin: int, end: int) -> list[int]:
        result = [*_NOTHING]
        for hour in range(begin, end, _HOUR):
            if hour in self._hourly:
                _add(result, self._hourly[hour])
        return result


def _add(totals: list[int], more: Sequence[int]) -> None:
    for at, value in enumerate(more):
        totals[at] += value


def millionths(amount: str) -> tuple[pl.Expr, pl.Expr]:
    """Amounts and their logarithms as whole millionths."""
    value = pl.col(amount)
    return (
        (value * 1e6).round().cast(pl.Int128).alias("amount"),
        (value.log1p() * 1e6).round().cast(pl.Int128).alias("log"),
    )


def _statistics(month: Sequence[int], hour_n: int, hour_amount: int) -> tuple[float | None, ...]:
    """From the totals of the month before an hour: n, amount, its square, logarithm, its square; and the hour's."""
    n, amount, amount2, log, log2 = month
    last = float(Fraction(hour_amount, hour_n * 1_000_000)) if hour_n else None
    return (*_mean_std(n, amount, amount2), *_mean_std(n, log, log2), last)


def _rounded(rows: Sequence[tuple[float | None, ...]]) -> pl.DataFrame:
    result = pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.Float64), orient="row")
    return result.select(pl.all().round_sig_figs(_DIGITS))


def _mean_std(n: int, total: int, squares: int) -> tuple[float | None, float | None]:
    if n == 0:
        return None, None
    mean = float(Fraction(total, n * 1_000_000))
    return mean, sqrt(Fraction(n * squares - total * total, n * (n - 1) * 10**12)) if n > 1 else None
