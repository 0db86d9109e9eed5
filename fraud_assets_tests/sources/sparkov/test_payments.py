from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from fraud_assets.declarations.sources.source import named
from fraud_assets.sources.sparkov.categories import CATEGORIES, STOLEN_AT_NIGHT
from fraud_assets.sources.sparkov.payments import FRAUD, PEOPLE, PER_DAY, REACH, payments
from fraud_assets.sources.sparkov.people import AGES
from fraud_assets.training.evaluate.metrics.auc_roc import auc_roc

END = datetime(2026, 3, 1, tzinfo=UTC)
COUNT = 150_000
NIGHT = (22, 23, 0, 1, 2, 3)


@pytest.fixture(scope="module")
def many() -> pl.DataFrame:
    return payments(COUNT, END).with_columns(hour=pl.col("trans_time").str.slice(0, 2).cast(pl.Int64))


def test_the_columns_are_the_source_s_fields() -> None:
    made = payments(5, END)
    assert tuple(made.columns) == named("sparkov").transactions.fields
    assert made.null_count().sum_horizontal().item() == 0


def test_a_seed_decides_everything() -> None:
    assert payments(500, END, 1).equals(payments(500, END, 1))
    assert not payments(500, END, 1).equals(payments(500, END, 2))


def test_payments_are_in_order_until_the_end(many: pl.DataFrame) -> None:
    assert many.height == COUNT == many["trans_num"].n_unique()
    assert many["unix_time"].is_sorted()
    times = pl.select(pl.from_epoch(many["unix_time"]).dt.replace_time_zone("UTC")).to_series()
    assert times.dt.strftime("%Y-%m-%d %H:%M:%S").equals(many["trans_date"] + " " + many["trans_time"])
    assert END - timedelta(days=COUNT / PER_DAY + 1) < times.min() < times.max() < END  # type: ignore[operator]


def test_genuine_payments_follow_the_categories(many: pl.DataFrame) -> None:
    genuine = many.filter(pl.col("is_fraud") == 0)
    for name, category in CATEGORIES.items():
        own = genuine.filter(category=name)
        assert (own["hour"] < 12).mean() == pytest.approx(category.morning, abs=0.03)
        assert own["amt"].mean() == pytest.approx(category.mean, rel=0.25)
    assert genuine["amt"].min() == 1


def test_people_keep_what_is_theirs(many: pl.DataFrame) -> None:
    own = ["ssn", "first", "last", "gender", "street", "city", "state", "zip", "lat", "long", "city_pop", "job", "dob",
           "acct_num", "profile"]  # fmt: skip
    assert many.select("cc_num", *own).unique().height == many["cc_num"].n_unique() == PEOPLE
    assert set(many["profile"].str.split("_").list.first()) == {age.split("_")[0] for age in AGES}
    away = many.select(pl.max_horizontal((pl.col(f"merch_{at}") - pl.col(at)).abs().max() for at in ("lat", "long")))
    assert 0.99 * REACH < away.item() <= REACH + 1e-5


def test_frauds_are_days_of_theft_while_the_holder_pays_on(many: pl.DataFrame) -> None:
    frauds = many.filter(pl.col("is_fraud") == 1)
    assert frauds.height / COUNT == pytest.approx(FRAUD, rel=0.15)
    assert frauds["hour"].is_in(NIGHT).mean() == pytest.approx(STOLEN_AT_NIGHT + (1 - STOLEN_AT_NIGHT) / 5, abs=0.05)
    days = frauds.group_by("cc_num", "trans_date").len()
    assert 3 < days["len"].mean() < 10  # type: ignore[operator]
    genuine = many.filter(pl.col("is_fraud") == 0).join(days, on=["cc_num", "trans_date"], how="semi")
    assert genuine.height > days.height


@pytest.mark.parametrize("column", ["amt", "unix_time", "cc_num", "acct_num", "trans_num", "merch_lat", "city_pop"])
def test_no_column_alone_gives_fraud_away(many: pl.DataFrame, column: str) -> None:
    values = many[column].rank("dense").cast(pl.Float64)
    assert 0.1 < auc_roc(many["is_fraud"], values) < 0.9
