"""A training set is the same, bit for bit, whatever the lake has gained since; on real Delta tables."""

from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.tables import Table, gold, silver
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.training.data.dataset import pinned, training_set, with_features
from fraud_assets_tests.training.sample import payments

MANY = 10_000


def append(table: Table, rows: pl.DataFrame, lake: Lake, source: str = "cards") -> None:
    write_deltalake(lake.path(table), rows.with_columns(source=pl.lit(source)).to_arrow(), mode="append")


@pytest.fixture
def filled(tmp_path: Path) -> Lake:
    lake = Lake(str(tmp_path))
    features, labels = payments(500)
    for part in (slice(250, 500), slice(0, 250)):
        append(gold.FEATURES, features[part], lake)
    append(gold.FEATURES, features, lake, "other")
    append(silver.LABELS, labels, lake)
    return lake


def test_later_rows_repairs_and_compaction_change_nothing(filled: Lake) -> None:
    versions = pinned(filled)
    before = training_set("cards", versions, filled, NAMES, MANY)
    assert before.ordered().collect()["event_time"].is_sorted()
    left = training_set("cards", versions, filled, NAMES, 499)  # in the lake
    assert left.digest == before.digest

    more, labels = payments(100, seed=2)
    append(gold.FEATURES, more, filled)
    append(silver.LABELS, labels.with_columns(is_fraud=~pl.col("is_fraud")), filled)
    features = filled.log(gold.FEATURES)
    features.update(updates={"customer_mean_amount_1d": "-1.0"})
    features.optimize.compact()

    again = training_set("cards", versions, filled, NAMES, MANY)
    assert again.ordered().collect().equals(before.ordered().collect())
    assert again.labels.sort(pl.all()).collect().equals(before.labels.sort(pl.all()).collect())
    assert again.digest == before.digest
    now = training_set("cards", pinned(filled), filled, NAMES, MANY)
    assert now.features.collect().height == 600
    assert now.digest != before.digest


def test_features_that_the_set_was_read_without_are_read_at_its_versions(filled: Lake) -> None:
    few = training_set("cards", pinned(filled), filled, ["amount"], MANY)
    filled.log(gold.FEATURES).update(updates={"customer_mean_amount_1d": "-1.0"})
    part = few.ordered().collect()[100:200]
    found = with_features(part, ["amount", "customer_mean_amount_1d"], few, filled)
    expected = payments(500)[0].select("transaction_id", "customer_mean_amount_1d")
    assert found.equals(part.join(expected, on="transaction_id", how="left", maintain_order="left"))
    assert with_features(part, ["amount"], few, filled) is part


def test_the_digest_sees_every_value(filled: Lake) -> None:
    given = training_set("cards", pinned(filled), filled, NAMES, MANY)
    known = given.digest
    for changed in (
        pl.col("amount").reverse(),
        pl.when(pl.col("amount") > 50).then("amount").alias("amount"),
        pl.col("customer_id").reverse(),
    ):
        other = type(given)(given.source, given.versions, given.features.with_columns(changed), given.labels)
        assert other.digest != known


def test_what_is_not_there_is_one_line(filled: Lake, tmp_path: Path) -> None:
    with pytest.raises(FraudError, match=r"gold.features does not exist yet; run `make demo`"):
        pinned(Lake(str(tmp_path / "empty")))
    versions = pinned(filled)
    append(gold.FEATURES, payments(10)[0], filled)
    table = filled.log(gold.FEATURES)
    table.delete("true")
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(FraudError, match=r"version \d+ of gold.features can no longer be read: upkeep keeps 30 days"):
        training_set("cards", versions, filled, NAMES, MANY)
