"""Every feature that the Handbook's columns allow, computed by pandas without a loop over payments.

What pandas can roll it rolls, over windows whose bounds are found for all payments at once. What depends on the pair
of a payment and an earlier one (was that one's fraud known by now?) is a frame of pairs, some payments at a time.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.indexers import BaseIndexer

from reference_data.handbook_features import DELAY_DAYS

Integers = npt.NDArray[np.int64]

HOUR, DAY = 3_600_000_000, 86_400_000_000  # µs
DELAY = DELAY_DAYS * DAY
LAST = 32
AT_ONCE = 200_000  # payments


def features(handbook: pd.DataFrame) -> pd.DataFrame:
    """The features by name, indexed by TRANSACTION_ID as text; NaN where a feature is null."""
    frame = pd.DataFrame({
        "id": handbook["TRANSACTION_ID"].astype(str),
        "t": handbook["TX_DATETIME"].astype("datetime64[us]").astype("int64"),
        "customer": handbook["CUSTOMER_ID"].astype(str).astype("category").cat.codes.astype("int64"),
        "merchant": handbook["TERMINAL_ID"].astype(str).astype("category").cat.codes.astype("int64"),
        "amount": handbook["TX_AMOUNT"],
        "fraud": handbook["TX_FRAUD"] == 1,
    }).sort_values(["customer", "t", "id"], ignore_index=True)  # fmt: skip
    found = pd.concat([_of_payments(frame), _of_population(frame)], axis=1)
    found = found.assign(**_of_customers(frame, found))
    merchants = frame.assign(usual=found.pop("population_mean")).sort_values(["merchant", "t", "id"])
    found = found.drop(columns=["population_mean_log", "population_std_log"])
    return found.join(_of_merchants(merchants)).set_index(frame["id"])


@dataclass
class Past:
    """Payments in the order (entity, time), and where the windows before each begin and end."""

    entity: Integers
    t: Integers

    def __post_init__(self) -> None:
        """One sort key of entity and time, for binary searches over all entities at once."""
        self.span = np.ptp(self.t) + 200 * DAY  # no window reaches over it
        self.keys = self.entity * self.span + self.t
        self.here = np.arange(len(self.t))

    def after(self, back: int) -> Integers:
        """The position of the first payment that is later than each one's time less ``back``."""
        return np.searchsorted(self.keys, self.keys - back, side="right")

    @cached_property
    def due(self) -> Integers:
        """The position after the last payment whose label is known."""
        return self.after(DELAY)


class Between(BaseIndexer):
    """Windows of given bounds."""

    def __init__(self, start: Integers, end: Integers) -> None:
        """Windows from ``start`` until before ``end``, positions of payments."""
        super().__init__()
        self.start, self.end = start, end

    def get_window_bounds(
        self,
        num_values: int = 0,
        min_periods: int | None = None,
        center: bool | None = None,
        closed: str | None = None,
        step: int | None = None,
    ) -> tuple[Integers, Integers]:
        """The bounds."""
        return self.start, self.end


def _of_payments(frame: pd.DataFrame) -> pd.DataFrame:
    time = frame["t"].astype("datetime64[us]")
    hours = (frame["t"] - time.min().floor("D").value // 1000) / HOUR
    return pd.DataFrame({
        "amount": frame["amount"],
        "amount_log": np.log1p(frame["amount"]),
        "amount_is_zero": (frame["amount"] == 0).astype(float),
        "time_is_weekend": (time.dt.weekday >= 5).astype(float),
        "time_is_night": (time.dt.hour <= 6).astype(float),
        "time_hour": time.dt.hour.astype(float),
        "time_hours_began": hours,
        "time_days_began": hours / 24,
    })  # fmt: skip


def _of_population(frame: pd.DataFrame) -> pd.DataFrame:
    hour = frame["t"].astype("datetime64[us]").dt.floor("h")
    logs = np.log1p(frame["amount"])
    values = pd.DataFrame({"n": 1, "sum": frame["amount"], "squares": frame["amount"] ** 2,
                           "logs": logs, "log_squares": logs**2})  # fmt: skip
    hourly = values.groupby(hour).sum()
    month, last = hourly.rolling("30D", closed="left").sum(), hourly.rolling("1h", closed="left").sum()
    n = month["n"]
    usual = pd.DataFrame({
        "population_mean": month["sum"] / n,
        "std": np.sqrt((month["squares"] - month["sum"] ** 2 / n) / (n - 1)),
        "population_mean_log": month["logs"] / n,
        "population_std_log": np.sqrt((month["log_squares"] - month["logs"] ** 2 / n) / (n - 1)),
        "population_mean_amount_1h": last["sum"] / last["n"],
    })  # fmt: skip
    digits = 10 ** (2 - np.floor(np.log10(usual.abs())))  # three significant ones
    usual = (np.floor(usual * digits + 0.5) / digits).reindex(hour).set_axis(frame.index)
    zscore = (frame["amount"] - usual["population_mean"]) / usual.pop("std")
    low = (logs - usual["population_mean_log"]) / usual["population_std_log"]
    found: pd.DataFrame = usual.assign(
        population_zscore_amount_30d=zscore,
        population_is_high_amount_30d=_above(zscore, 3),
        population_is_low_amount_30d=_above(-low, 2),
    )
    return found


def _of_customers(frame: pd.DataFrame, known: pd.DataFrame) -> dict[str, pd.Series]:
    past = Past(frame["customer"].to_numpy(), frame["t"].to_numpy())
    amount, fraud, here = frame["amount"], frame["fraud"].astype(float), past.here
    found: dict[str, pd.Series] = {}
    for name, window in {"1h": HOUR, "6h": 6 * HOUR, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}.items():
        found[f"customer_count_amount_{name}"] = pd.Series(here + 1.0 - past.after(window))
        if name != "6h":
            found[f"customer_mean_amount_{name}"] = amount.rolling(Between(past.after(window), here + 1), 1).mean()

    month = past.after(30 * DAY)
    earlier = amount.rolling(Between(month, here), 1)
    mean, std, top = earlier.mean(), earlier.std(), earlier.max()
    to_32 = Between(np.maximum(month, here - LAST), here + 1)
    rank = known["amount_log"].rolling(to_32, 1).rank(method="max")
    before = pd.Series(to_32.end - to_32.start - 1).replace(0, np.nan)
    zscore, ratio = (amount - mean) / std.replace(0, np.nan), amount / mean.replace(0, np.nan)
    gap = (frame["t"] - frame["t"].shift()).where(pd.Series(month < here)) / 1e6
    found |= {
        "customer_mean_past_amount_30d": mean,
        "customer_std_past_amount_30d": std,
        "customer_max_past_amount_30d": top,
        "customer_zscore_amount_30d": zscore,
        "customer_ratio_amount_30d": ratio,
        "customer_ratio_max_amount_30d": amount / top.replace(0, np.nan),
        "customer_percentile_amount_30d": (rank - 1) / before,
        "customer_is_high_amount_30d": _above(zscore, 3),
        "customer_is_low_amount_30d": _above(-ratio, -0.1),
        "customer_gap_event_time_30d": gap,
    }

    for days in (30, 90):
        genuine = amount.where(fraud == 0).rolling(Between(past.after(days * DAY + DELAY), past.due), 0)
        count, mean, std = genuine.count(), genuine.mean(), genuine.std()
        ratio = amount / mean.replace(0, np.nan)
        found |= {
            f"customer_count_genuine_{days}d": count,
            f"customer_mean_genuine_{days}d": mean,
            f"customer_std_genuine_{days}d": std,
            f"customer_ratio_genuine_{days}d": ratio,
            f"customer_zscore_genuine_{days}d": (amount - mean) / std.replace(0, np.nan),
        }
    ratio = ratio.fillna(1)
    excess = (ratio - 2).clip(0, 5)
    unusual = (ratio > 2.5).astype(float)
    found |= {"customer_excess_amount_90d": excess, "customer_is_unusual_amount_90d": unusual}
    for days in (3, 7, 14):
        within = Between(past.after(days * DAY), here)
        found |= {
            f"customer_sum_excess_{days}d": excess.rolling(within, 0).sum(),
            f"customer_sum_is_unusual_{days}d": unusual.rolling(within, 0).sum(),
            f"customer_mean_is_unusual_{days}d": unusual.rolling(within, 1).mean(),
        }
    last = frame["t"].where(unusual == 1).groupby(frame["customer"]).ffill().groupby(frame["customer"]).shift()
    since = (frame["t"] - last) / 1e6
    found["customer_gap_unusual_14d"] = since.where(since < 14 * DAY / 1e6)

    labels = fraud.rolling(Between(past.after(30 * DAY + DELAY), past.due), 0)
    found |= {"customer_count_labelled_30d": labels.count(), "customer_mean_fraud_30d": labels.mean()}
    return found | _usual(frame, known, past, gap)


def _usual(frame: pd.DataFrame, known: pd.DataFrame, past: Past, gap: pd.Series) -> dict[str, pd.Series]:
    """What is usual for the customer: of the last payments in 60 days, less the frauds known by now."""
    start = np.maximum(past.after(60 * DAY), past.here - LAST)
    parts = []
    for first in range(0, len(frame), AT_ONCE):
        rows = past.here[first : first + AT_ONCE]
        pairs = _pairs(rows, start[rows], rows)
        event, row = pairs["event"].to_numpy(), pairs["row"].to_numpy()
        known_fraud = frame["fraud"].to_numpy()[event] & (past.t[event] + DELAY <= past.t[row])
        pairs = pairs.assign(log=known["amount_log"].to_numpy()[event], t=past.t[event])[~known_fraud]
        following = (pairs["row"] == pairs["row"].shift()) & (pairs["event"] == pairs["event"].shift() + 1)
        pairs["gap"] = (pairs["t"] - pairs["t"].shift()).where(following) / 1e6
        hours = known["time_hour"].to_numpy()
        apart = np.abs(hours[pairs["event"]] - hours[pairs["row"]])
        pairs["hour"] = np.minimum(apart, 24 - apart) <= 2
        merchants = frame["merchant"].to_numpy()
        pairs["merchant"] = merchants[pairs["event"]] == merchants[pairs["row"]]
        by = pairs.groupby("row")
        middle = by["log"].median()
        away = (pairs["log"] - middle.reindex(pairs["row"]).to_numpy()).abs()
        parts.append(
            pd.DataFrame({
                "count": by.size().astype(float), "median": middle,
                "spread": 1.4826 * away.groupby(pairs["row"]).median(), "gap": by["gap"].median(),
                "hour": by["hour"].mean(), "merchant": by["merchant"].mean(),
            })
        )  # fmt: skip
    usual = pd.concat(parts).reindex(past.here)
    n, median, spread = usual["count"].fillna(0), usual["median"], usual["spread"]
    log = (n * median.fillna(0) + 3 * known["population_mean_log"].fillna(median)) / (n + 3)
    prior = (known["population_std_log"] ** 2).fillna(spread**2).fillna(0.04)
    width = np.sqrt((n * (spread**2).fillna(0) + 3 * prior) / (n + 3))
    return {
        "customer_count_usual_60d": n,
        "customer_median_log_amount_60d": median,
        "customer_spread_log_amount_60d": spread,
        "customer_usual_log_amount_60d": log,
        "customer_usual_spread_60d": width,
        "customer_deviation_amount_60d": (known["amount_log"] - log) / width.clip(0.05),
        "customer_share_hour_60d": usual["hour"],
        "customer_is_unusual_hour_60d": _above(-usual["hour"].where(n >= 10), -0.05),
        "customer_share_merchant_60d": usual["merchant"],
        "customer_median_gap_60d": usual["gap"],
        "customer_ratio_gap_60d": gap / usual["gap"].replace(0, np.nan),
    }


def _of_merchants(frame: pd.DataFrame) -> pd.DataFrame:
    """Indexed as ``frame``, which is in the order of merchants."""
    past = Past(frame["merchant"].to_numpy(), frame["t"].to_numpy())
    amount, fraud = (frame[name].astype(float).reset_index(drop=True) for name in ("amount", "fraud"))
    found: dict[str, pd.Series] = {}
    for days in (1, 7, 30):
        labels = fraud.rolling(Between(past.after(days * DAY + DELAY), past.due), 0)
        found[f"merchant_count_labelled_{days}d"] = labels.count()
        found[f"merchant_mean_fraud_{days}d"] = labels.mean().fillna(0)
    since = pd.Series((past.t - past.t[past.due - 1] - DELAY) / 1e6)
    found["merchant_gap_labelled_30d"] = since.where(past.after(30 * DAY + DELAY) < past.due)
    week = Between(past.after(7 * DAY), past.here + 1)
    found["merchant_count_amount_7d"] = pd.Series((week.end - week.start).astype(float))
    found["merchant_mean_amount_7d"] = amount.rolling(week, 1).mean()
    last = np.maximum(past.after(60 * DAY + DELAY), past.due - 5)
    found["merchant_last5_fraud_60d"] = fraud.rolling(Between(last, past.due), 1).mean()
    of = _runs(frame, past, ordinary=False)
    found |= {f"merchant_{name}_run_60d": values for name, values in of.items()}
    found["merchant_mean_log_run_60d"] = found.pop("merchant_log_run_60d")
    of = _runs(frame, past, ordinary=True)
    found |= {f"merchant_{name}_ordinary_60d": values for name, values in of.items() if name != "log"}
    return pd.DataFrame(found).set_axis(frame.index)


def _runs(frame: pd.DataFrame, past: Past, ordinary: bool) -> pd.DataFrame:
    """The latest of the known frauds in 60 days, each within 14 days of the next."""
    frauds = np.flatnonzero(frame["fraud"])
    before = np.append(0, np.cumsum(frame["fraud"]))  # frauds before each position
    start, end = before[past.after(60 * DAY + DELAY)], before[past.due]
    rows = np.flatnonzero(end > start)
    pairs = _pairs(rows, np.maximum(start, end - LAST)[rows], end[rows])
    pairs["at"] = frauds[pairs["event"]]
    if ordinary:
        amount, usual = frame["amount"].to_numpy(), frame["usual"].to_numpy()
        pairs = pairs[~(amount[pairs["at"]] > 2.5 * usual[pairs["row"]])]
    pairs = pairs[::-1].assign(t=past.t[pairs["at"]][::-1])  # newest first
    new = (pairs["row"] == pairs["row"].shift()) & (pairs["t"].shift() - pairs["t"] > 14 * DAY)
    pairs = pairs[new.groupby(pairs["row"]).cumsum() == 0]
    pairs["log"] = np.log1p(frame["amount"].to_numpy()[pairs["at"]])
    by = pairs.groupby("row")
    run = by.agg(count=("t", "size"), first=("t", "min"), last=("t", "max"), log=("log", "mean"))
    row = run.index.to_numpy()
    entity = past.entity[row] * past.span
    later = np.searchsorted(past.keys, entity + run["last"], side="right")
    labels = past.due[row] - np.searchsorted(past.keys, entity + run["first"], side="left")
    found = pd.DataFrame({
        "count": run["count"].astype(float),
        "age": (past.t[row] - run["first"]) / DAY,
        "quiet": (past.t[row] - run["last"]) / DAY,
        "genuine": (past.due[row] - later - (before[past.due[row]] - before[later])).astype(float),
        "share": run["count"] / np.maximum(labels, run["count"]),
        "log": run["log"],
    }, index=run.index).reindex(past.here)  # fmt: skip
    return found.assign(count=found["count"].fillna(0))


def _pairs(rows: Integers, start: Integers, end: Integers) -> pd.DataFrame:
    """Each row with each of the positions from its start until before its end, ascending."""
    lengths = end - start
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return pd.DataFrame({"row": np.repeat(rows, lengths), "event": np.repeat(start, lengths) + offsets})


def _above(values: pd.Series, limit: float) -> pd.Series:
    return (values > limit).astype(float).where(values.notna())
