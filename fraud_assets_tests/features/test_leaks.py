"""The leak test finds no leak in the declared features and every one that is planted.

``python -m fraud_assets_tests.features.test_leaks`` prints the table of planted leaks that docs/leaks.md holds.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from fraud_assets.declarations.features.catalogue import NAMES, of_families
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import SIGNALS, Facts
from fraud_assets.features.inputs.watchlists import NOTHING, Watchlists
from fraud_assets.settings import REPOSITORY
from fraud_assets_tests.features.leaks import leaks

START = datetime(2026, 1, 1, tzinfo=UTC)
DELAY_DAYS = 7
PAGE = REPOSITORY / "docs/leaks.md"
HEAD = """\
# Planted leaks, and what catches them

Each line is a way of making a feature that many published notebooks use and that looks into the future. The leak test
(`fraud_assets_tests/features/leaks.py`) changes what comes after a moment and demands that no value at or before it
changes. Of the declared features none does. `python -m fraud_assets_tests.features.test_leaks` makes this page.

| Planted leak | Caught by a change of | Values before the moment that changed |
|---|---|---|
"""


def world(seed: int, count: int = 400) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two months of few customers and merchants, a tenth of the payments fraud; some labels come early or late."""
    random = np.random.default_rng(seed)
    minutes = np.sort(random.integers(0, 60 * 24 * 60, count))
    payments = pl.DataFrame(
        {
            "transaction_id": [f"t{n:04}" for n in range(count)],
            "event_time": pl.Series(
                [START + timedelta(minutes=int(m)) for m in minutes], dtype=pl.Datetime("us", "UTC")
            ),
            "customer_id": [f"c{n}" for n in random.integers(0, 8, count)],
            "merchant_id": [f"m{n}" for n in random.integers(0, 5, count)],
            "amount": random.gamma(2, 30, count).round(2),
            "customer_latitude": 50.0,
            "customer_longitude": 8.0,
            "merchant_latitude": random.uniform(45, 55, count),
            "merchant_longitude": random.uniform(5, 15, count),
            "ip": [f"10.0.0.{n % 4}" for n in range(count)],
            "country": random.choice(["DE", "FR"], count),
            "category": [("travel", "home")[n % 2] for n in range(count)],
            "signals": pl.Series([{"V1": n / 7, "V2": 1.0} for n in range(count)], dtype=SIGNALS),
        }
    )
    after = random.choice([1, DELAY_DAYS, 12], count)
    labels = payments.select(
        "transaction_id",
        is_fraud=pl.Series(random.random(count) < 0.1),
        known_at=pl.col("event_time") + pl.duration(days=pl.lit(pl.Series(after))),
    )
    return payments, labels


def watchlists() -> pl.DataFrame:
    """A card, a merchant and an address that are listed for a while, and addresses that move to another country."""
    listed = {"suspicious_cards": "c1", "suspicious_merchants": "m1", "blocked_ips": "10.0.0.1"}
    rows: list[tuple[Any, ...]] = [(name, entry, None, None, None, 10, 30, 12) for name, entry in listed.items()]
    first, last = int(IPv4Address("10.0.0.0")), int(IPv4Address("10.0.0.2"))
    rows += [("ip_countries", "a range", first, last, land, 5, None, day) for land, day in (("DE", 5), ("FR", 25))]
    days = {name: pl.lit(START) + pl.duration(days=pl.col(name)) for name in ("valid_from", "valid_to", "known_at")}
    numbers = dict.fromkeys(days, pl.Int64)
    return (
        pl.DataFrame(rows, schema={**NOTHING.schema, **numbers}, orient="row").with_columns(**days).cast(NOTHING.schema)
    )


def declared(payments: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    found = evaluate(
        payments, labels, DELAY_DAYS * 86_400, facts=Facts(began=START, watchlists=Watchlists(watchlists()))
    )
    return found.select("transaction_id", "event_time", *NAMES)


def _labelled(payments: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    joined = payments.join(labels, on="transaction_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("is_fraud").fill_null(False))


def hourly_fraud_sum(payments: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    hour = pl.col("event_time").dt.truncate("1h")
    found = _labelled(payments, labels).with_columns(hourly_fraud_sum=pl.col("is_fraud").sum().over(hour))
    return found.select("transaction_id", "event_time", "hourly_fraud_sum")


def global_zscore(payments: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    amount = pl.col("amount")
    return payments.select("transaction_id", "event_time", global_zscore=(amount - amount.mean()) / amount.std())


def scaled_before_the_split(payments: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    scaled = StandardScaler().fit_transform(payments.select("amount").to_numpy())[:, 0]
    return payments.select("transaction_id", "event_time", scaled_before_the_split=pl.Series(scaled))


def smote_before_the_split(payments: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """SMOTE's step (Chawla et al. 2002): a made-up fraud halfway between each one and its nearest, over all of time."""
    joined = _labelled(payments, labels)
    frauds = joined.filter("is_fraud").select("amount", pl.col("event_time").to_physical().cast(pl.Float64)).to_numpy()
    nearest = np.abs(frauds[:, :1] - frauds[:, 0] + np.diag(np.full(len(frauds), np.inf))).argmin(axis=1)
    made = (frauds + frauds[nearest]) / 2
    return pl.concat([
        joined.select("transaction_id", "event_time", smote_before_the_split="amount"),
        pl.DataFrame({
            "transaction_id": [f"made {n:04}" for n in range(len(made))],
            "event_time": pl.Series(made[:, 1].astype(np.int64)).cast(pl.Datetime("us", "UTC")),
            "smote_before_the_split": made[:, 0],
        }),
    ])  # fmt: skip


def target_mean(payments: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    found = _labelled(payments, labels).with_columns(target_mean=pl.col("is_fraud").mean().over("merchant_id"))
    return found.select("transaction_id", "event_time", "target_mean")


PLANTED: tuple[Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame], ...] = (
    hourly_fraud_sum, global_zscore, scaled_before_the_split, smote_before_the_split, target_mean,
)  # fmt: skip


def table() -> str:
    """The page of planted leaks."""
    lines = []
    for planted in PLANTED:
        for leak in leaks(planted, *world(1)):
            lines.append(f"| {planted.__name__.replace('_', ' ')} | {leak.change} | {leak.rows} |")
    return HEAD + "\n".join(lines) + "\n"


def test_the_lists_tell_something() -> None:
    features = of_families(["references"])
    found = declared(*world(0)).select(feature.name for feature in features)
    assert all(found[name].unique().sort().to_list() == [None, 0.0, 1.0] for name in found.columns)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000))
def test_nothing_from_the_future_enters_the_declared_features(seed: int) -> None:
    assert leaks(declared, *world(seed, 200), moments=1, seed=seed) == []


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__name__)
def test_a_planted_leak_is_caught(planted: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]) -> None:
    assert leaks(planted, *world(2))


def test_the_page_is_what_the_leak_test_says() -> None:
    assert PAGE.read_text() == table()


if __name__ == "__main__":
    print(table(), end="")
