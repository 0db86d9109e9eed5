"""The families beyond the Handbook's 15 equal plain pandas and numpy to 1e-6; all together equal careful pandas."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fraud_assets.declarations.features.catalogue import NAMES, of_families
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import Facts
from fraud_assets_tests.features import careful, golden
from fraud_assets_tests.features.reference import HANDBOOK, ULB, canonical

BEGAN = datetime(2013, 8, 1, tzinfo=UTC)
needs_handbook = pytest.mark.skipif(not HANDBOOK.exists(), reason=f"no reference data at {HANDBOOK}")
needs_ulb = pytest.mark.skipif(not ULB.exists(), reason=f"no reference data at {ULB}")


def assert_equal(found: pl.DataFrame, expected: pd.DataFrame) -> None:
    for name in expected.columns:
        np.testing.assert_allclose(
            found[name].to_numpy(), expected[name].to_numpy(float), rtol=1e-9, atol=1e-6, err_msg=name
        )


@needs_ulb
@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.slow)])
def test_amounts_time_and_signals_equal_pandas_on_ulb(every: int) -> None:
    file = pl.read_parquet(ULB).gather_every(every)
    transactions, labels = golden.ulb(file)
    found = evaluate(transactions, labels, 7 * golden.DAY, facts=Facts(BEGAN))
    frame = transactions.select("event_time", "amount").to_pandas()
    for expected in (
        golden.of_population(frame),
        golden.of_time(frame, pd.Timestamp(BEGAN)),
        golden.of_signals(file.to_pandas()),
    ):
        assert_equal(found, expected)
    unknown = [name for name in NAMES if name.startswith(("customer_", "merchant_", "place_"))]
    assert found.select(pl.col(unknown).is_null().all()).row(0) == (True,) * len(unknown)


@needs_handbook
@pytest.mark.parametrize(
    ("column", "make"),
    [
        ("CUSTOMER_ID", lambda rows: golden.of_customer(rows["t"], rows["TX_AMOUNT"], rows["TX_FRAUD"])),
        ("TERMINAL_ID", lambda rows: golden.of_merchant(rows["t"], rows["TX_FRAUD"])),
    ],
)
@pytest.mark.parametrize("every", [200, pytest.param(20, marks=pytest.mark.slow)])
def test_customers_and_merchants_equal_numpy_on_the_handbook(
    column: str, make: Callable[[dict[str, np.ndarray]], dict[str, list[float]]], every: int
) -> None:
    file = pl.read_parquet(HANDBOOK).filter(pl.col(column) % every == 7 % every)
    file = file.with_columns(id=pl.col("TRANSACTION_ID").cast(pl.String), t=pl.col("TX_DATETIME").dt.epoch("s"))
    file = file.sort(column, "t", "id")
    families = of_families(["amount", "velocity", "profile", "fraud_history"])
    found = evaluate(*canonical(file), 7 * golden.DAY, families)
    parts = [
        pd.DataFrame(make({name: rows[name].to_numpy() for name in ("t", "TX_AMOUNT", "TX_FRAUD")}))
        for rows in file.partition_by(column, maintain_order=True)
    ]
    assert_equal(found, pd.concat(parts))


@needs_handbook
def test_all_that_the_handbook_s_columns_allow_equals_careful_pandas() -> None:
    file = pl.read_parquet(HANDBOOK).filter(pl.col("CUSTOMER_ID") % 100 == 1)
    families = of_families(["amount", "velocity", "time", "profile", "fraud_history"])
    began = datetime(2018, 4, 1, tzinfo=UTC)
    found = evaluate(*canonical(file), 7 * golden.DAY, families, facts=Facts(began)).to_pandas()
    expected = careful.features(file.to_pandas()).loc[found["transaction_id"]]
    assert {*expected.columns} == {feature.name for feature in families}
    for name in expected.columns:
        # sums are of whole millionths; three digits of a mean of a few amounts may be rounded up or down
        loose = 0.1 if name == "population_mean_amount_1h" else 5e-6
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=loose, err_msg=name)
