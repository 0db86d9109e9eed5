"""More features as plain pandas and numpy compute them, payment by payment: amounts, time, signals, usual, runs."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl

from fraud_assets.features.inputs.row import SIGNALS
from reference_data.handbook_features import DELAY_DAYS

DAY = 86_400
NUMBERS = [f"V{number}" for number in range(1, 29)]


def ulb(file: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """ULB's file as silver's transactions and labels: nobody is known as customer or merchant."""
    values = file.select(NUMBERS).to_numpy()
    return (
        file.select(
            transaction_id=pl.int_range(pl.len()).cast(pl.String).str.zfill(6),
            event_time=(pl.datetime(2013, 9, 1, time_zone="UTC") + pl.duration(seconds="Time")).cast(
                pl.Datetime("us", "UTC")
            ),
            customer_id=pl.lit(None, pl.String),
            merchant_id=pl.lit(None, pl.String),
            amount=pl.col("Amount").cast(pl.Float64),
            signals=pl.Series([dict(zip(NUMBERS, row, strict=True)) for row in values.tolist()], dtype=SIGNALS),
        ),
        pl.DataFrame(
            schema={"transaction_id": pl.String, "is_fraud": pl.Boolean, "known_at": pl.Datetime("us", "UTC")}
        ),
    )


def signal_payments(payments: int) -> pl.DataFrame:
    """Payments drawn at random in the layout of ULB's file: Time in seconds over two days, V1 to V28, Amount."""
    random = np.random.default_rng(28)
    time = np.sort(random.integers(0, 2 * DAY, payments)).astype(float)
    signals = {name: random.normal(0, 2, payments) for name in NUMBERS}
    return pl.DataFrame({"Time": time, **signals, "Amount": np.round(random.gamma(0.5, 170, payments), 2)})


def of_population(payments: pd.DataFrame) -> pd.DataFrame:
    """Features of payments against the source: event_time, amount."""
    hours = payments["event_time"].dt.floor("h")
    rows = {}
    for hour in hours.unique():
        month = payments["amount"][(hours < hour) & (hours >= hour - pd.Timedelta(days=30))]
        last = payments["amount"][hours == hour - pd.Timedelta(hours=1)]
        logs = np.log1p(month)
        rows[hour] = [_rounded(v) for v in (month.mean(), month.std(), logs.mean(), logs.std(), last.mean())]
    usual = (
        pd.DataFrame(rows, index=["mean", "std", "mean_log", "std_log", "hour"])
        .T.reindex(hours)
        .set_axis(payments.index)
    )
    zscore = (payments["amount"] - usual["mean"]) / usual["std"]
    low = (np.log1p(payments["amount"]) - usual["mean_log"]) / usual["std_log"]
    return pd.DataFrame({
        "amount_log": np.log1p(payments["amount"]),
        "amount_is_zero": (payments["amount"] == 0).astype(float),
        "population_zscore_amount_30d": zscore,
        "population_is_high_amount_30d": (zscore > 3).astype(float).where(zscore.notna()),
        "population_is_low_amount_30d": (low < -2).astype(float).where(low.notna()),
        "population_mean_amount_1h": usual["hour"],
    })  # fmt: skip


def of_time(payments: pd.DataFrame, started: pd.Timestamp) -> pd.DataFrame:
    """Features of the time alone."""
    time = payments["event_time"]
    hours = (time - started).dt.total_seconds() / 3600
    return pd.DataFrame(
        {"time_hour": time.dt.hour.astype(float), "time_hours_began": hours, "time_days_began": hours / 24}
    )


def of_signals(file: pd.DataFrame) -> pd.DataFrame:
    """Features of ULB's V1 to V28."""
    return pd.DataFrame({
        "signals_product_v1_v2": file["V1"] * file["V2"],
        "signals_sum_v1_v2": file["V1"] + file["V2"],
        "signals_sum_v1_v5": file[NUMBERS[:5]].sum(axis=1),
        "signals_mean_all": file[NUMBERS].mean(axis=1),
        "signals_std_all": file[NUMBERS].std(axis=1),
        **{f"signals_v{number}": file[f"V{number}"] for number in range(1, 29)},
    })  # fmt: skip


def of_customer(times: np.ndarray, amounts: np.ndarray, frauds: np.ndarray) -> dict[str, list[float]]:
    """One customer's payments in order, times in seconds; each label is known after the Handbook's seven days."""
    found: dict[str, list[float]] = {}

    def since(now: float, span: float) -> int:
        return int(np.searchsorted(times, now - span, side="right"))

    for n, (now, amount) in enumerate(zip(times, amounts, strict=True)):
        past = amounts[since(now, 30 * DAY) : n]
        mean, std, top = (
            _or_nan(past, 1, np.mean),
            _or_nan(past, 2, lambda v: np.std(v, ddof=1)),
            _or_nan(past, 1, np.max),
        )
        known = slice(since(now, (90 + DELAY_DAYS) * DAY), since(now, DELAY_DAYS * DAY))
        genuine = amounts[known][frauds[known] == 0]
        usual = _or_nan(genuine, 1, np.mean)
        row = {
            "customer_count_amount_1h": n + 1 - since(now, 3600),
            "customer_count_amount_6h": n + 1 - since(now, 6 * 3600),
            "customer_gap_event_time_30d": now - times[n - 1] if len(past) else np.nan,
            "customer_mean_amount_1h": amounts[since(now, 3600) : n + 1].mean(),
            "customer_mean_past_amount_30d": mean,
            "customer_std_past_amount_30d": std,
            "customer_max_past_amount_30d": top,
            "customer_zscore_amount_30d": (amount - mean) / std if std else np.nan,
            "customer_ratio_amount_30d": amount / mean if mean else np.nan,
            "customer_ratio_max_amount_30d": amount / top if top else np.nan,
            "customer_percentile_amount_30d": _or_nan(past[-32:] <= amount, 1, np.mean),
            "customer_count_genuine_90d": len(genuine),
            "customer_mean_genuine_90d": usual,
            "customer_std_genuine_90d": _or_nan(genuine, 2, lambda v: np.std(v, ddof=1)),
            "customer_ratio_genuine_90d": amount / usual if usual else np.nan,
        }
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def of_merchant(times: np.ndarray, frauds: np.ndarray) -> dict[str, list[float]]:
    """One merchant's payments in order: its latest run of known frauds."""
    found: dict[str, list[float]] = {
        "merchant_count_run_60d": [],
        "merchant_age_run_60d": [],
        "merchant_genuine_run_60d": [],
    }
    for now in times:
        known = times[(times <= now - DELAY_DAYS * DAY) & (frauds == 1)]
        run = [time for time in known if time > now - (60 + DELAY_DAYS) * DAY][-32:]
        while any(second - first > 14 * DAY for first, second in pairwise(run)):
            run = run[1:]
        later = (times <= now - DELAY_DAYS * DAY) & (times > run[-1]) & (frauds == 0) if run else []
        for name, value in zip(
            found, (len(run), (now - run[0]) / DAY if run else np.nan, sum(later) if run else np.nan), strict=True
        ):
            found[name].append(float(value))
    return found


def _or_nan(values: np.ndarray, least: int, function: Callable[[np.ndarray], float]) -> float:
    return float(function(values)) if len(values) >= least else np.nan


def _rounded(value: float) -> float:
    return float(f"{value:.2e}")  # three significant digits
