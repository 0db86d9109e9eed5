"""Simulated card payments as a frame in the Sparkov generator's columns.

What belongs here: drawing payments. Genuine ones follow their cardholder's profile and the category's hours; a thief
has a card for two days on end, in which its holder pays as ever.
"""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fraud_assets.sources.sparkov.categories import CATEGORIES, STOLEN_AT_NIGHT
from fraud_assets.sources.sparkov.people import LAST, People, people

PEOPLE = 1_000
PER_DAY = 2_500
"""Payments of all cardholders in a day, on average."""
FRAUD = 0.005
"""Share of the payments."""
EPISODE = 10
"""Frauds of one theft, on average."""
REACH = 1.0
"""How far from home merchants are, at most, in degrees of latitude and of longitude."""

_WEEKDAYS = np.array([0.65, 0.75, 0.8, 0.85, 1.2, 1.45, 1.3])  # from Monday
_MONTHS = np.array([0.65, 0.65, 0.85, 0.85, 0.95, 1.05, 1.05, 1.05, 0.85, 0.9, 0.9, 1.75])  # December is busiest
_MERCHANTS = 50  # of each category
_DAY = 86_400
_EVENING, _NIGHT = 22 * 3_600, 6 * 3_600  # when the night begins and how long it is, s

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def payments(count: int, end: datetime, seed: int = 0) -> pl.DataFrame:
    """The ``count`` payments before midnight of ``end`` (UTC), about `PER_DAY` a day, in order of time.

    Columns as the source ``sparkov`` declares them: trans_date and trans_time in UTC as text, unix_time in seconds, amt
    in USD, is_fraud 0 or 1.
    """
    if count < 1:
        raise ValueError(f"{count} payments")
    random = np.random.Generator(np.random.Philox(seed))
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    days = -(-count // PER_DAY)
    begin = midnight - timedelta(days=days)
    who = people(PEOPLE, begin.date(), random)
    frauds = min(count, int(random.poisson(count * FRAUD)))
    stolen = np.arange(count) < frauds
    holders, day = _genuine(count - frauds, who, begin, days, random)
    robbed, robbed_day = _thefts(frauds, days, random)
    holders, day = np.concatenate([robbed, holders]), np.concatenate([robbed_day, day])
    chosen = _categories(holders, stolen, who, random)
    seconds = day * _DAY + _seconds(chosen, stolen, random)
    amounts = _amounts(chosen, stolen, who.spends[holders], random)
    stamps = round(begin.timestamp()) + np.clip(seconds, 0, days * _DAY - 1)
    home = who.columns.select("lat", "long").to_numpy()[holders]
    location = home + random.uniform(-REACH, REACH, (count, 2))
    digits = random.bytes(16 * count).hex()
    merchants = _merchants(random)
    frame = who.columns[holders].with_columns(
        trans_num=pl.Series([digits[at : at + 32] for at in range(0, 32 * count, 32)]),
        unix_time=pl.Series(stamps),
        category=pl.Series(list(CATEGORIES)).gather(chosen),
        amt=pl.Series(amounts),
        is_fraud=pl.Series(stolen.astype(np.int64)),
        merchant=merchants.gather(chosen * _MERCHANTS + random.integers(0, _MERCHANTS, count)),
        merch_lat=pl.Series(location[:, 0].round(6)),
        merch_long=pl.Series(location[:, 1].round(6)),
    )
    time = pl.from_epoch("unix_time")
    dated = frame.with_columns(trans_date=time.dt.strftime("%Y-%m-%d"), trans_time=time.dt.strftime("%H:%M:%S"))
    return dated.select(
        *who.columns.columns, "trans_num", "trans_date", "trans_time", "unix_time", "category", "amt", "is_fraud",
        "merchant", "merch_lat", "merch_long",
    ).sort("unix_time", "trans_num")  # fmt: skip


def _genuine(
    count: int, who: People, begin: datetime, days: int, random: np.random.Generator
) -> tuple[Integers, Integers]:
    """Cardholders and days, the first being 0, of genuine payments."""
    dates = [begin + timedelta(days=day) for day in range(days)]
    busy = np.array([_WEEKDAYS[date.weekday()] * _MONTHS[date.month - 1] for date in dates])
    return random.choice(PEOPLE, count, p=who.often / who.often.sum()), random.choice(days, count, p=busy / busy.sum())


def _thefts(frauds: int, days: int, random: np.random.Generator) -> tuple[Integers, Integers]:
    """Cardholders and days of frauds: those of one theft have one holder and two days."""
    theft = random.integers(0, max(1, frauds // EPISODE), frauds)
    holder, first = random.integers(0, PEOPLE, frauds), random.integers(0, max(1, days - 1), frauds)
    return holder[theft], np.minimum(first[theft] + random.integers(0, 2, frauds), days - 1)


def _categories(holders: Integers, stolen: NDArray[np.bool_], who: People, random: np.random.Generator) -> Integers:
    thieves = np.array([category.stolen for category in CATEGORIES.values()])
    likes = np.vstack([who.likes, thieves / thieves.sum()]).cumsum(axis=1)
    rows = np.where(stolen, PEOPLE, holders)
    chosen: Integers = (likes[rows] < random.random(len(rows))[:, None]).sum(axis=1)
    return np.minimum(chosen, len(CATEGORIES) - 1)


def _seconds(chosen: Integers, stolen: NDArray[np.bool_], random: np.random.Generator) -> Integers:
    """Seconds of the day; a theft's night is the evening of its day and the morning of the same."""
    count = len(chosen)
    mornings = np.array([category.morning for category in CATEGORIES.values()])[chosen]
    typical = (random.random(count) >= mornings) * _DAY / 2 + random.random(count) * _DAY / 2
    night = (_EVENING + random.random(count) * _NIGHT) % _DAY
    return np.where(stolen & (random.random(count) < STOLEN_AT_NIGHT), night, typical).astype(np.int64)


def _amounts(chosen: Integers, stolen: NDArray[np.bool_], spends: Floats, random: np.random.Generator) -> Floats:
    """Amounts in USD, 1 or more, gamma distributed; thieves do not spend as the cardholder does."""
    every = CATEGORIES.values()
    means = np.array([(one.mean, one.stolen_mean) for one in every])[chosen, stolen.astype(int)]
    deviations = np.array([(one.deviation, one.stolen_deviation) for one in every])[chosen, stolen.astype(int)]
    shape = (means / deviations) ** 2
    drawn = random.gamma(shape) * means / shape * np.where(stolen, 1.0, spends)
    return np.asarray(np.maximum(drawn, 1.0).round(2))


def _merchants(random: np.random.Generator) -> pl.Series:
    """Names, `_MERCHANTS` of each category after another, which all begin as the generator's do."""
    pairs = [f"fraud_{one}, {other} and Sons" for one in LAST for other in LAST if one < other]
    pairs += [f"fraud_{one}-{other}" for one in LAST for other in LAST if one != other]
    return pl.Series(random.permutation(pairs)[: len(CATEGORIES) * _MERCHANTS].tolist())
