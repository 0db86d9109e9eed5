"""The inputs of every decision are kept as they were scored, exactly once, wherever a run dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.decisions import context as contexts
from fraud_assets.decisions.inputs import FLAGS, decoded, watchlist_hits
from fraud_assets.decisions.policy import decide
from fraud_assets.decisions.step import score
from fraud_assets.declarations.features.catalogue import FEATURES, NAMES
from fraud_assets.declarations.policy.schema import Policy, active
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import Table, gold
from fraud_assets.errors import FraudError
from fraud_assets.features import fingerprint
from fraud_assets.features.algebra import statistics
from fraud_assets.lake import reading
from fraud_assets.lake.location import Lake
from fraud_assets.lake.staged import StagedFiles
from fraud_assets.models import artifact as model
from fraud_assets_tests.decisions.sample import arrive, champion, features

pytestmark = pytest.mark.stack

CARDS = named("cards")
STRICTER = Policy.model_validate({"rules": [{"when": "score > 0.1", "risk_level": "high", "decision": "review"}]})


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    key = table.key[1]
    return lake.scan(table).sort(key).collect()


def test_the_vector_is_what_the_model_was_given_whatever_is_recomputed_later(spark: SparkSession, tables: Lake) -> None:
    missing = pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise(pl.col("customer_mean_amount_1d"))
    payments = features(60, "a").with_columns(missing.alias("customer_mean_amount_1d"))
    arrive(payments, tables)
    score(CARDS, champion(), active(), tables)
    spark.sql(f"UPDATE delta.`{tables.path(gold.FEATURES)}` SET customer_mean_amount_1d = 99, recomputed_at = now()")
    score(CARDS, champion(), active(), tables)
    kept, scores = rows(gold.DECISION_INPUTS, tables), rows(gold.SCORES, tables)
    given = payments.sort("transaction_id").select(pl.col(NAMES).cast(pl.Float32))
    assert_frame_equal(decoded(kept["vector"], NAMES), given, check_exact=True)
    assert kept["score"].equals(scores["score"])
    assert kept["decided_at"].equals(scores["decided_at"])
    again = model.score(model.from_bytes(champion().model), decoded(kept["vector"], NAMES))
    assert np.array_equal(again, scores["score"].to_numpy())


def test_a_decision_leads_to_its_rules_its_model_and_its_code(tables: Lake) -> None:
    arrive(features(30, "a"), tables)
    score(CARDS, champion(), active(), tables)
    arrive(features(30, "b"), tables)
    score(CARDS, champion(2, threshold=0.3), STRICTER, tables)
    arrive(features(30, "c"), tables)
    score(CARDS, champion(2, threshold=0.3), STRICTER, tables)
    known, kept = rows(gold.DECISION_CONTEXTS, tables), rows(gold.DECISION_INPUTS, tables)
    assert known.height == kept["context"].n_unique() == 2
    assert set(known["policy_hash"]) == {active().hash, STRICTER.hash}
    assert known["features"].to_list() == [list(NAMES)] * 2
    for (context,), group in kept.group_by("context"):
        policy, threshold, version = contexts.rules("cards", str(context), tables)
        made = rows(gold.SCORES, tables).join(group.select("transaction_id"), on="transaction_id")
        again = decide(policy, made.select("transaction_id", "score", "amount"), threshold)
        assert again["decision"].equals(made["decision"])
        assert set(made["model_version"]) == {version}
        assert set(made["policy_hash"]) == {policy.hash}


class Interrupted(Exception):
    """The run died here."""


@contextmanager
def interrupted(table: Table, when: str) -> Iterator[None]:
    """The block's run dies just before or just after its commit to a table."""
    real = StagedFiles.commit

    def dying(staged: StagedFiles) -> int:
        if staged.increment.target is not table:
            return real(staged)
        if when == "after":
            real(staged)
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StagedFiles, "commit", dying)
        with pytest.raises(Interrupted):
            yield


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("table", [gold.DECISION_INPUTS, gold.SCORES], ids=["inputs", "scores"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_a_run_that_died_is_completed_with_the_same_values(
    tables: Lake, monkeypatch: pytest.MonkeyPatch, table: Table, when: str, first: bool
) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", 40)
    if not first:
        arrive(features(10, "0"), tables)
        score(CARDS, champion(), active(), tables)
    arrive(features(100, "a"), tables)
    with interrupted(table, when):
        score(CARDS, champion(), active(), tables)
    before = rows(gold.DECISION_INPUTS, tables)
    arrive(features(10, "b"), tables)
    done = score(CARDS, champion(2, threshold=0.3), STRICTER, tables)  # another champion and policy by now
    scores, kept = rows(gold.SCORES, tables), rows(gold.DECISION_INPUTS, tables)
    assert scores["transaction_id"].to_list() == kept["transaction_id"].to_list()
    assert scores.height == (110 if first else 120)
    assert scores["score"].equals(kept["score"])
    assert scores["decided_at"].equals(kept["decided_at"])
    assert kept.join(before, on="transaction_id", how="semi").equals(before)
    versions = scores.join(kept, on="transaction_id").select("model_version", "context").unique()
    assert versions["context"].is_unique().all()
    of_a = scores.filter(pl.col("transaction_id").str.starts_with("a"))
    inputs_stood = table is gold.SCORES or when == "after"
    assert set(of_a["model_version"]) == ({1} if inputs_stood else {2})
    assert done.written[gold.SCORES] == (10 if table is gold.SCORES and when == "after" else 110)


def test_a_champion_trained_on_features_of_other_values_is_refused(
    tables: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(features(5, "a"), tables)
    trained = champion()
    monkeypatch.setattr(statistics, "MAD_TO_STD", 1.5)
    with pytest.raises(
        FraudError, match=r"version 1 was trained on features .* fraud run train --source cards"
    ) as error:
        score(CARDS, trained, active(), tables)
    assert "\n" not in str(error.value)
    assert rows(gold.SCORES, tables).is_empty()


def test_a_champion_whose_own_features_are_unchanged_goes_on(tables: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(features(5, "a"), tables)
    changed = tuple(replace(feature, meaning="in other words") for feature in FEATURES)
    monkeypatch.setattr(fingerprint, "FEATURES", changed)
    monkeypatch.setattr("fraud_assets.declarations.features.catalogue.FEATURES", changed)
    assert score(CARDS, champion(), active(), tables).written[gold.SCORES] == 5


def test_the_watchlists_that_name_a_payment() -> None:
    flags = {name: pl.Series([None, 0.0, 1.0, 1.0], dtype=pl.Float32) for name in FLAGS}
    flags["customer_is_suspicious"] = pl.Series([None, None, None, 0.0], dtype=pl.Float32)
    found = watchlist_hits(pl.DataFrame(flags))
    assert found.to_list() == [
        None,
        [],
        ["blocked_ips", "suspicious_merchants"],
        ["blocked_ips", "suspicious_merchants"],
    ]
    assert watchlist_hits(pl.DataFrame({name: [None, None] for name in FLAGS})).to_list() == [None, None]
