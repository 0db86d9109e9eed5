"""The source's baseline: statistics of all its amounts, known at the start of every hour.

They are taken from the 30 days before the hour, sums being exact and results rounded to three significant digits, so
that a payment which comes late hardly ever changes what later payments were compared with.
"""

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


def source_baseline(payments: pl.LazyFrame) -> pl.DataFrame:
    """The statistics for each hour that has payments, as `SCHEMA`; null where there is nothing to take them from.

    ``payments`` needs event_time and amount, of one source, and should begin 30 days before the first hour of interest.
    ``population_mean_hour`` is of the hour before; the standard deviations are the sample's (n - 1). Logarithms are of
    1 + amount.
    """
    amounts = (pl.col("amount") * 1e6).round().cast(pl.Int128)
    logs = (pl.col("amount").log1p() * 1e6).round().cast(pl.Int128)
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
        month = {name: totals[at] - totals[first] for name, totals in running.items()}
        n, total = (running[name][at] - running[name][last] for name in ("n", "amount"))
        rows.append((
            *_mean_std(month["n"], month["amount"], month["amount2"]),
            *_mean_std(month["n"], month["log"], month["log2"]),
            float(Fraction(total, n * 1_000_000)) if n else None,
        ))  # fmt: skip
    found = pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.Float64), orient="row")
    return hourly.select("hour").hstack(found.select(pl.all().round_sig_figs(_DIGITS)))


def _mean_std(n: int, total: int, squares: int) -> tuple[float | None, float | None]:
    if n == 0:
        return None, None
    mean = float(Fraction(total, n * 1_000_000))
    return mean, sqrt(Fraction(n * squares - total * total, n * (n - 1) * 10**12)) if n > 1 else None
