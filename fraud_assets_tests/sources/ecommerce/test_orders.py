from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from fraud_assets.declarations.sources.source import named
from fraud_assets.sources.ecommerce.orders import DUPLICATES, FRAUD, LOSABLE, MISSING, OUTLIERS, PER_HOUR, orders

END = datetime(2026, 3, 1, tzinfo=UTC)
COUNT = 100_000


@pytest.fixture(scope="module")
def many() -> pl.DataFrame:
    return orders(COUNT, END)


def test_the_shares_are_those_promised(many: pl.DataFrame) -> None:
    once = many.unique("transaction_id")
    assert once.height == COUNT
    lacking = once.select(pl.any_horizontal(pl.all().is_null())).to_series().mean()
    shares = {FRAUD: once["is_fraud"].mean(), MISSING: lacking, DUPLICATES: many.height / COUNT - 1}
    for promised, found in shares.items():
        assert found == pytest.approx(promised, rel=0.08)
    assert max(once.select(pl.sum_horizontal(pl.all().is_null())).to_series()) == 1
    assert all(once[name].null_count() > 0 for name in LOSABLE)
    assert sum(once[name].null_count() for name in LOSABLE) == once.null_count().sum_horizontal().item()


def test_outliers_stand_out(many: pl.DataFrame) -> None:
    genuine = many.filter(~pl.col("is_fraud"), pl.col("product_category") == "books", pl.col("amount").is_not_null())
    beyond = genuine.select((pl.col("amount") > 18 * 8).mean()).item()
    assert beyond == pytest.approx(OUTLIERS, rel=0.25)


def test_duplicates_are_exact_and_come_later(many: pl.DataFrame) -> None:
    placed = many.with_row_index("place")
    again = placed.filter(pl.col("transaction_id").is_duplicated())
    assert again.drop("place").is_duplicated().all()
    apart = again.group_by("transaction_id").agg(pl.col("place").max() - pl.col("place").min())
    assert apart.select(pl.col("place").min()).item() >= 1


def test_a_thousand_an_hour_until_the_end_in_order(many: pl.DataFrame) -> None:
    times = (
        many.unique("transaction_id", keep="first", maintain_order=True)["timestamp"].str.to_datetime("%+").to_list()
    )
    assert times == sorted(times)
    assert times[-1] <= END
    assert times[0] >= END - timedelta(hours=COUNT / PER_HOUR)
    assert END - times[0] == pytest.approx(timedelta(hours=COUNT / PER_HOUR), abs=timedelta(hours=1))


def test_a_seed_decides_everything() -> None:
    assert orders(500, END, 1).equals(orders(500, END, 1))
    assert not orders(500, END, 1).equals(orders(500, END, 2))


def test_the_columns_are_the_source_s_fields(many: pl.DataFrame) -> None:
    assert tuple(many.columns) == named("ecommerce").transactions.fields
