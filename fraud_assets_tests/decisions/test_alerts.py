"""Alerts: one for each decision other than to approve, with the reasons of the model that made it."""

import numpy as np
import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.decisions.alerts import raise_alerts, reasons
from fraud_assets.decisions.step import score
from fraud_assets.declarations.policy.schema import active
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold
from fraud_assets.lake import reading, reads
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.models.model_store import Champion
from fraud_assets_tests.decisions.sample import LARGE, arrive, champion, features

CARDS = named("cards")


def test_reasons_are_the_strongest_that_raised_the_score() -> None:
    rows = pl.DataFrame({name: [float(at), 0.0] for at, name in enumerate("abcdefg")})
    shap = np.array([[0.1, 0.7, -9, 0.3, 0.2, 0.5, 0.4], [-1, -1, -1, 0, -1, -1, 0.5]])
    first, second = reasons(rows, shap).to_list()
    assert [(reason["feature"], reason["value"]) for reason in first] == [
        ("b", 1), ("f", 5), ("g", 6), ("d", 3), ("e", 4),
    ]  # fmt: skip
    assert second == [{"feature": "g", "value": 0.0, "contribution": 0.5}]


def test_reasons_have_the_digits_that_are_stored() -> None:
    rows = pl.DataFrame({"amount": [1234.56], "share": [0.3]}, schema_overrides={"share": pl.Float32})
    (found,) = reasons(rows, np.array([[1.0, 2.0]])).to_list()
    assert [reason["value"] for reason in found] == [0.3, 1234.56]


def raised(lake: Lake) -> pl.DataFrame:
    frame = reads.scan(gold.ALERTS, lake)
    assert frame is not None
    return frame.sort("transaction_id").collect()


@pytest.mark.stack
@pytest.mark.parametrize("batch", [30, 1_000], ids=["in batches", "at once"])
def test_an_alert_for_each_payment_not_approved(
    spark: SparkSession, tables: Lake, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", batch)
    at = tables
    arrive(features(200, "a"), at)
    stored = reads.scan(gold.FEATURES, at)
    assert stored is not None
    large = stored.filter(pl.col("amount") > LARGE).sort("transaction_id").collect()
    score(CARDS, champion(), active(), at)
    spark.sql(f"UPDATE delta.`{at.path(gold.FEATURES)}` SET customer_mean_amount_1d = 99")  # what was known stays
    assert raise_alerts("cards", champion, at).written[gold.ALERTS] > 0
    made = raised(at)
    assert made["transaction_id"].to_list() == large["transaction_id"].to_list()
    shap = model.contributions(model.from_bytes(champion().model), large)[:, :-1]
    expected = reasons(large.select(champion().card.features), shap).to_list()
    for given, wanted in zip(made["reasons"].to_list(), expected, strict=True):
        assert [r["feature"] for r in given] == [r["feature"] for r in wanted]
        assert [r["value"] for r in given] == [r["value"] for r in wanted]
        assert [r["contribution"] for r in given] == pytest.approx([r["contribution"] for r in wanted], abs=1e-5)
    assert {given[0]["feature"] for given in made["reasons"].to_list()} == {"amount"}


@pytest.mark.stack
def test_nothing_new_and_nothing_flagged_write_nothing(tables: Lake) -> None:
    at = tables
    arrive(features(50, "a"), at)
    score(CARDS, champion(), active(), at)
    raise_alerts("cards", champion, at)
    version, rows = reads.version(gold.ALERTS, at), raised(at).height
    assert raise_alerts("cards", champion, at).versions == "nothing new"
    assert reads.version(gold.ALERTS, at) == version
    arrive(features(5, "b").with_columns(amount=pl.lit(5.0)), at)
    score(CARDS, champion(), active(), at)
    assert raise_alerts("cards", champion, at).written[gold.ALERTS] == 0
    assert raised(at).height == rows


@pytest.mark.stack
def test_reasons_come_from_the_model_that_decided(tables: Lake) -> None:
    at, asked = tables, list[int]()

    def asking(version: int) -> Champion:
        asked.append(version)
        return champion(version)

    for version in (1, 2):
        arrive(features(100, f"v{version}"), at)
        score(CARDS, champion(version), active(), at)
    raise_alerts("cards", asking, at)
    assert sorted(asked) == [1, 2]
    assert set(raised(at)["model_version"]) == {1, 2}
