"""Payments are scored once, by the champion of the moment, as they were known then; on a real Spark and Delta."""

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.decisions.policy import decide
from fraud_assets.decisions.step import score
from fraud_assets.declarations.policy.schema import active
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.lake import reading, reads
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.models.model_store import Card, Champion
from fraud_assets_tests.decisions.sample import arrive, champion, features

pytestmark = pytest.mark.stack

CARDS, SHOP = named("cards"), named("ecommerce")


@pytest.fixture
def at(tables: Lake) -> Lake:
    return tables


def scores(lake: Lake) -> pl.DataFrame:
    frame = reads.scan(gold.SCORES, lake)
    assert frame is not None
    return frame.sort("transaction_id").collect()


@pytest.mark.parametrize("batch", [30, 1_000], ids=["in batches", "at once"])
def test_scores_are_the_models_and_decisions_the_policys(at: Lake, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", batch)
    payments = features(200, "a").sort("transaction_id")
    arrive(payments, at)
    done = score(CARDS, champion(), active(), at)
    made = scores(at)
    expected = payments.with_columns(score=pl.Series(model.score(model.from_bytes(champion().model), payments)))
    decided = decide(active(), expected, champion().card.threshold)
    assert made["score"].to_list() == pytest.approx(decided["score"].to_list(), abs=1e-9)
    for name in ("transaction_id", "amount", "decision", "risk_level", "policy_hash", "kafka_time"):
        assert made[name].to_list() == decided[name].to_list()
    assert made.select("model_version", "lane").unique().rows() == [(1, "batch")]
    assert done.written[gold.SCORES] == sum(done.notes["decisions"].values()) == 200
    assert done.notes["decisions"]["block"] > 0


def test_nothing_new_writes_nothing(at: Lake) -> None:
    arrive(features(20, "a"), at)
    score(CARDS, champion(), active(), at)
    version = reads.version(gold.SCORES, at)
    again = score(CARDS, champion(), active(), at)
    assert (again.written[gold.SCORES], again.versions) == (0, "nothing new")
    assert reads.version(gold.SCORES, at) == version


def test_payments_wait_for_the_first_champion(at: Lake) -> None:
    arrive(features(20, "a"), at)
    waiting = score(CARDS, None, active(), at)
    assert (waiting.written[gold.SCORES], waiting.notes["model_version"]) == (0, None)
    arrive(features(10, "b"), at)
    assert score(CARDS, champion(), active(), at).written[gold.SCORES] == 30
    assert scores(at)["transaction_id"].n_unique() == 30


def test_sources_are_scored_apart(at: Lake) -> None:
    arrive(features(20, "a"), at)
    arrive(features(5, "b", source="ecommerce"), at)
    assert score(SHOP, champion(), active(), at).written[gold.SCORES] == 5
    assert score(CARDS, champion(), active(), at).written[gold.SCORES] == 20


def test_a_repaired_feature_changes_no_decision(spark: SparkSession, at: Lake) -> None:
    arrive(features(20, "a"), at)
    score(CARDS, champion(), active(), at)
    before = scores(at)
    spark.sql(f"UPDATE delta.`{at.path(gold.FEATURES)}` SET customer_mean_amount_1d = 99, recomputed_at = now()")
    arrive(features(3, "b"), at)
    assert score(CARDS, champion(version=2), active(), at).written[gold.SCORES] == 3
    after = scores(at)
    assert after.filter(pl.col("transaction_id").str.starts_with("a")).equals(before)
    assert after.filter(pl.col("transaction_id").str.starts_with("b"))["model_version"].to_list() == [2, 2, 2]


def test_an_increment_of_repairs_alone_is_taken_without_a_row(spark: SparkSession, at: Lake) -> None:
    arrive(features(20, "a"), at)
    score(CARDS, champion(), active(), at)
    spark.sql(f"UPDATE delta.`{at.path(gold.FEATURES)}` SET customer_mean_amount_1d = 99, recomputed_at = now()")
    taken = score(CARDS, champion(), active(), at)
    assert (taken.written[gold.SCORES], taken.notes["decisions"], taken.versions == "nothing new") == (0, {}, False)
    assert score(CARDS, champion(), active(), at).versions == "nothing new"
    assert scores(at).height == 20


def test_a_model_whose_features_are_gone_is_refused(at: Lake) -> None:
    arrive(features(5, "a"), at)
    old = Champion(7, Card(("amount", "moon_phase"), "old", 0.5, {}, "", ""), champion().model)
    with pytest.raises(FraudError, match=r"model version 7 needs features .* moon_phase; train again"):
        score(CARDS, old, active(), at)
    assert scores(at).is_empty()
