"""The features equal pandas: on the committed sample in every clone, on public files where they lie beside it.

The Handbook's 15 as the Handbook computes them, the other families as plain pandas and numpy do, and all that these
files' columns allow as `pandas_baseline` does.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from fraud_assets.declarations.features.catalogue import FEATURES, NAMES, of_families
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.features.inputs.row import Facts
from reference_data import family_features, pandas_baseline
from reference_data.family_features import DAY, signal_payments
from reference_data.files import HANDBOOK, SAMPLE, ULB
from reference_data.handbook_features import HANDBOOKS, canonical, handbook_features
from reference_data.sample import sample

needs_handbook = pytest.mark.skipif(not HANDBOOK.exists(), reason=f"no reference data at {HANDBOOK}")
needs_ulb = pytest.mark.skipif(not ULB.exists(), reason=f"no reference data at {ULB}")


def payments(file: Path, column: str, every: int) -> pl.DataFrame:
    """All payments of one in ``every`` customers or terminals."""
    return pl.read_parquet(file).filter(pl.col(column) % every == 7 % every)


def assert_equals_the_handbook(
    payments: pl.DataFrame, features: list[str], *entities: str, at_once: bool = False
) -> None:
    expected = handbook_features(payments.to_pandas(), entities, at_once).loc[payments["TRANSACTION_ID"].to_numpy()]
    found = evaluate(*canonical(payments), 7 * DAY, [feature for feature in FEATURES if feature.name in features])
    np.testing.assert_allclose(found.select(features).to_numpy(), expected[features].to_numpy(), rtol=0, atol=1e-6)


def assert_equal(found: pl.DataFrame, expected: pd.DataFrame) -> None:
    for name in expected.columns:
        np.testing.assert_allclose(
            found[name].to_numpy(), expected[name].to_numpy(float), rtol=1e-9, atol=1e-6, err_msg=name
        )


def test_the_committed_sample_is_what_its_script_makes() -> None:
    assert_frame_equal(sample(), pl.read_parquet(SAMPLE))


@pytest.mark.parametrize(
    ("file", "every", "least"), [(SAMPLE, 4, 15_000), pytest.param(HANDBOOK, 40, 40_000, marks=needs_handbook)]
)
@pytest.mark.parametrize(("entity", "column"), [("customer", "CUSTOMER_ID"), ("merchant", "TERMINAL_ID")])
def test_one_entitys_features_equal_the_handbooks(file: Path, every: int, least: int, entity: str, column: str) -> None:
    """Features of the entity and of the payment alone, by either way of the pandas reference."""
    features = [name for name in HANDBOOKS if name.startswith((entity, "amount", "time"))]
    chosen = payments(file, column, every)
    assert chosen.height > least
    assert_equals_the_handbook(chosen, features, column)
    assert_equals_the_handbook(chosen, features, column, at_once=True)


@pytest.mark.parametrize(
    ("file", "rows"), [(SAMPLE, 89_919), pytest.param(HANDBOOK, 1_754_155, marks=[needs_handbook, pytest.mark.slow])]
)
def test_a_whole_file_equals_the_handbooks(file: Path, rows: int) -> None:
    everything = pl.read_parquet(file)
    assert everything.height == rows
    assert_equals_the_handbook(everything, HANDBOOKS, "CUSTOMER_ID", "TERMINAL_ID", at_once=True)


@pytest.mark.parametrize(
    "every",
    [
        None,
        pytest.param(20, marks=needs_ulb),
        pytest.param(1, marks=[needs_ulb, pytest.mark.slow]),
    ],
)
def test_amounts_time_and_signals_equal_pandas(every: int | None) -> None:
    """On payments drawn at random in the layout of ULB's file (None), and on every so many of the file's own."""
    started = datetime(2013, 8, 1, tzinfo=UTC)
    file = pl.read_parquet(ULB).gather_every(every) if every else signal_payments(5_000)
    transactions, labels = family_features.ulb(file)
    found = evaluate(transactions, labels, 7 * DAY, facts=Facts(started))
    frame = transactions.select("event_time", "amount").to_pandas()
    for expected in (
        family_features.of_population(frame),
        family_features.of_time(frame, pd.Timestamp(started)),
        family_features.of_signals(file.to_pandas()),
    ):
        assert_equal(found, expected)
    unknown = [name for name in NAMES if name.startswith(("customer_", "merchant_", "place_"))]
    assert found.select(pl.col(unknown).is_null().all()).row(0) == (True,) * len(unknown)


@pytest.mark.parametrize(
    ("file", "every"),
    [
        (SAMPLE, 10),
        pytest.param(HANDBOOK, 200, marks=needs_handbook),
        pytest.param(HANDBOOK, 20, marks=[needs_handbook, pytest.mark.slow]),
    ],
)
@pytest.mark.parametrize(
    ("column", "make"),
    [
        ("CUSTOMER_ID", lambda rows: family_features.of_customer(rows["t"], rows["TX_AMOUNT"], rows["TX_FRAUD"])),
        ("TERMINAL_ID", lambda rows: family_features.of_merchant(rows["t"], rows["TX_FRAUD"])),
    ],
)
def test_customers_and_merchants_equal_numpy(
    file: Path, every: int, column: str, make: Callable[[dict[str, np.ndarray]], dict[str, list[float]]]
) -> None:
    chosen = payments(file, column, every)
    chosen = chosen.with_columns(id=pl.col("TRANSACTION_ID").cast(pl.String), t=pl.col("TX_DATETIME").dt.epoch("s"))
    chosen = chosen.sort(column, "t", "id")
    families = of_families(["amount", "velocity", "profile", "fraud_history"])
    found = evaluate(*canonical(chosen), 7 * DAY, families)
    parts = [
        pd.DataFrame(make({name: rows[name].to_numpy() for name in ("t", "TX_AMOUNT", "TX_FRAUD")}))
        for rows in chosen.partition_by(column, maintain_order=True)
    ]
    assert_equal(found, pd.concat(parts))


@pytest.mark.parametrize(("file", "every"), [(SAMPLE, 4), pytest.param(HANDBOOK, 100, marks=needs_handbook)])
def test_all_features_that_the_columns_allow_equal_the_pandas_baseline(file: Path, every: int) -> None:
    chosen = payments(file, "CUSTOMER_ID", every)
    families = of_families(["amount", "velocity", "time", "profile", "fraud_history"])
    started = chosen["TX_DATETIME"].dt.truncate("1d").dt.replace_time_zone("UTC").to_list()
    found = evaluate(*canonical(chosen), 7 * DAY, families, facts=Facts(min(started))).to_pandas()
    expected = pandas_baseline.features(chosen.to_pandas()).loc[found["transaction_id"]]
    assert {*expected.columns} == {feature.name for feature in families}
    for name in expected.columns:
        # sums are of whole millionths; three digits of a mean of a few amounts may be rounded up or down
        loose = 0.1 if name == "population_mean_amount_1h" else 5e-6
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=loose, err_msg=name)
