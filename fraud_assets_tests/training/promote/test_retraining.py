"""When a model is trained before its time: the decision, what the lake says, and the sensor around both."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest
from deltalake import write_deltalake

from fraud_assets.declarations.sources.model import Retrain
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import Table, gold, silver
from fraud_assets.definitions import defs
from fraud_assets.lake.location import Lake
from fraud_assets.training.promote.retraining import AT_MOST_EVERY, Observation, decide, observe
from fraud_assets.training.sensors import retraining_sensor

NOW = datetime.now(UTC).replace(microsecond=0)
TRAINED = NOW - 2 * AT_MOST_EVERY
SEEN = Observation("cards", 3, TRAINED, new_labels=50, drift=0.2, drifted="amount")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (Retrain(labels=50), "cards: 50 new labels, 50 asked for"),
        (Retrain(labels=51, drift=0.2), "cards: amount drifted by 0.20 PSI"),
    ],
)
def test_enough_labels_or_drift_train(asked: Retrain, reason: str) -> None:
    decision = decide(SEEN, asked, NOW)
    assert (decision.run_key, decision.reason) == ("cards-after-version-3", reason)


@pytest.mark.parametrize("asked", [Retrain(), Retrain(labels=51), Retrain(drift=0.21)])
def test_less_does_not(asked: Retrain) -> None:
    assert decide(SEEN, asked, NOW).run_key is None


def test_no_model_is_trained_twice_a_day() -> None:
    young = replace(SEEN, trained_at=NOW - AT_MOST_EVERY + timedelta(seconds=1))
    assert decide(young, Retrain(labels=1), NOW).run_key is None
    assert decide(replace(SEEN, drift=None), Retrain(drift=0.1), NOW).run_key is None


def write(table: Table, rows: pl.DataFrame, lake: Lake) -> None:
    write_deltalake(lake.path(table), rows.with_columns(source=pl.lit("cards")).to_arrow(), mode="append")


@pytest.fixture
def trained(lake: Lake) -> Lake:
    """A lake whose newest model, version 2, was tested until nine days ago: labels of two days ago are new to it."""
    test_end = TRAINED - timedelta(days=7)
    models = pl.DataFrame({"model_version": [1, 2], "computed_at": [TRAINED - AT_MOST_EVERY, TRAINED]})
    write(gold.MODEL_PERFORMANCE, models.with_columns(test_end=pl.lit(test_end)), lake)
    known = [TRAINED - timedelta(hours=1), TRAINED + timedelta(hours=1), TRAINED + timedelta(hours=2)]
    write(silver.LABELS, pl.DataFrame({"transaction_id": ["a", "b", "c"], "known_at": known}), lake)
    hours = [TRAINED - timedelta(hours=1), TRAINED + timedelta(hours=1), *[TRAINED + timedelta(hours=2)] * 2]
    names, psi = ["amount", "amount", "amount", "score"], [0.9, 0.8, 0.1, 0.3]
    write(gold.DRIFT, pl.DataFrame({"feature": names, "psi": psi, "window_end": hours}), lake)
    return lake


def test_what_the_lake_says(trained: Lake) -> None:
    assert observe(named("cards"), trained) == Observation("cards", 2, TRAINED, 2, 0.3, "score")


def test_before_the_first_model_nothing_is_seen(lake: Lake) -> None:
    assert observe(named("cards"), lake) is None
    with dg.build_sensor_context() as context:
        result = retraining_sensor("train").evaluate_tick(context)
    assert "cards: no model yet" in str(result.skip_message)


def test_the_sensor_asks_for_a_run(trained: Lake) -> None:
    with dg.build_sensor_context(definitions=defs) as context:
        (request,) = retraining_sensor("train").evaluate_tick(context).run_requests or ()
    assert request.partition_key == "cards"
    assert request.run_key == "cards-after-version-2"
    assert request.tags["fraud/reason"] == "cards: score drifted by 0.30 PSI"
