"""Training against a real MLflow server: what is registered, what becomes champion, how it is fetched again."""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import write_deltalake

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.model import ModelConfig
from fraud_assets.errors import FraudError
from fraud_assets.features.algebra import statistics
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.models.model_store import CARD_FILE, Card, champions, load_champion, registered_name
from fraud_assets.models.unreadable import UnreadableModelError
from fraud_assets.settings import Settings
from fraud_assets.training.data.dataset import TABLES, pinned, training_set
from fraud_assets.training.promote import registry
from fraud_assets.training.promote.track import versions_read
from fraud_assets.training.train import TrainingResult, train
from fraud_assets_tests.training.sample import DELAY, VERSIONS, data, payments

PLAIN = ModelConfig(average_precision_floor=0.3)


@pytest.fixture
def source() -> str:
    """A source that has no models yet."""
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.mark.stack
def test_the_first_is_champion_and_a_worse_one_challenger(mlflow_server: Settings, source: str, tmp_path: Path) -> None:
    at, given = mlflow_server.mlflow, data(source)
    assert load_champion(source, at, tmp_path) is None

    first = train(given, PLAIN, DELAY, at, tmp_path, Lake("lake"))
    assert (first.role, first.version, first.champion_version, first.refusal) == ("champion", 1, None, None)
    metrics = first.evaluation.metrics
    assert metrics["average_precision_low"] < metrics["average_precision"] < metrics["average_precision_high"]
    assert metrics["auc_roc"] > 0.9
    assert metrics["cost_saved"] > 0
    assert 0.05 < first.threshold < 0.9
    assert first.rows["test"] > 1_000

    worse = train(given, PLAIN, DELAY, at, tmp_path, Lake("lake"), names=["amount"])
    assert (worse.role, worse.version, worse.champion_version) == ("challenger", 2, 1)
    assert worse.refusal is not None
    assert worse.refusal.startswith("beats the champion: average precision 0.")
    assert "\n" not in worse.refusal

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", interrupt)  # after the files were fetched, before they are in their place
        with pytest.raises(KeyboardInterrupt):
            load_champion(source, at, tmp_path / "elsewhere")
    champion = load_champion(source, at, tmp_path / "elsewhere")
    assert champion is not None
    assert champion.version == 1
    assert champion.card.features == NAMES
    assert champion.card.threshold == first.threshold
    assert sum(champion.card.baseline["score"].counts) == first.rows["train"]
    assert model.names(model.from_bytes(champion.model)) == list(NAMES)
    assert load_champion(source, at, tmp_path / "elsewhere") == champion

    with pytest.raises(FraudError, match=f"the gate refused version 2 of {source}: beats the champion"):
        registry.promote(source, 2, at)
    registry.promote(source, 2, at, force=True)
    assert aliases(source, at) == {1: (), 2: ("champion",)}
    assert registry.rollback(source, at) == (2, 1)
    assert aliases(source, at) == {1: ("champion",), 2: ()}
    with pytest.raises(FraudError, match="has no champion before the present one"):
        registry.rollback(source, at)
    with pytest.raises(FraudError, match="has no model version 7; there are: 1, 2"):
        registry.promote(source, 7, at)


def without_hash(card: dict[str, Any]) -> dict[str, Any]:
    """The card as a release wrote it that kept no hash."""
    return {name: value for name, value in card.items() if name != "artifact_hash"}


def with_a_feature_that_is_gone(card: dict[str, Any]) -> dict[str, Any]:
    return card | {"features": [*card["features"], "amount_in_gold"]}


@pytest.mark.stack
def test_a_champion_that_scoring_cannot_use_is_no_opponent_and_is_replaced(
    mlflow_server: Settings, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, given = mlflow_server.mlflow, data(source)

    def worse() -> TrainingResult:
        return train(given, PLAIN, DELAY, at, tmp_path, Lake("lake"), names=["amount"])

    best = train(given, PLAIN, DELAY, at, tmp_path, Lake("lake"))
    monkeypatch.setattr(statistics, "MAD_TO_STD", 1.5)  # features have other values from here on
    second = worse()
    assert (best.role, second.role, second.version, second.champion_version) == ("champion", "champion", 2, 1)
    assert "beats the champion" not in {condition.name for condition in second.conditions}

    change_card(second, with_a_feature_that_is_gone, at)
    third = worse()
    assert (third.role, third.version, third.champion_version) == ("champion", 3, 2)

    change_card(third, without_hash, at)
    with pytest.raises(UnreadableModelError, match=r"card\.json is of another release"):
        load_champion(source, at, tmp_path)
    fourth = worse()
    assert (fourth.role, fourth.version, fourth.champion_version) == ("champion", 4, 3)

    fifth = worse()  # the fourth can score, so it has to be beaten
    assert (fifth.role, fifth.champion_version) == ("challenger", 4)
    assert champions(source, at).champions == (1, 2, 3, 4)
    assert aliases(source, at) == {1: (), 2: (), 3: (), 4: ("champion",), 5: ("challenger",)}


def change_card(trained: TrainingResult, change: Callable[[dict[str, Any]], dict[str, Any]], at: str) -> None:
    """Change the card that MLflow keeps of a training."""
    import mlflow

    card = json.loads(registry.text(trained.source, trained.version, CARD_FILE, at))
    mlflow.MlflowClient(at).log_text(trained.run_id, json.dumps(change(card)), CARD_FILE)


@pytest.mark.stack
def test_a_champion_of_features_that_the_source_no_longer_asks_for_has_to_be_beaten(
    mlflow_server: Settings, source: str, tmp_path: Path
) -> None:
    at, lake = mlflow_server.mlflow, Lake(str(tmp_path / "lake"))
    for table, rows in zip(TABLES, payments(), strict=True):
        write_deltalake(lake.path(table), rows.with_columns(source=pl.lit(source)).to_arrow())

    def trained_on(names: Sequence[str]) -> TrainingResult:
        given = training_set(source, pinned(lake), lake, names, 1_000_000)
        return train(given, PLAIN, DELAY, at, tmp_path / "models", lake, names)

    assert trained_on(NAMES).role == "champion"
    second = trained_on(["amount"])
    assert (second.role, second.champion_version) == ("challenger", 1)
    assert second.refusal is not None
    assert second.refusal.startswith("beats the champion: average precision 0.")


@pytest.mark.stack
def test_a_champion_whose_files_are_gone_is_replaced(mlflow_server: Settings, source: str, tmp_path: Path) -> None:
    import mlflow

    at, client = mlflow_server.mlflow, mlflow.MlflowClient(mlflow_server.mlflow)
    client.create_registered_model(registered_name(source))
    run = client.create_run(client.create_experiment(registered_name(source))).info
    client.create_model_version(registered_name(source), f"{run.artifact_uri}/model", run.run_id)
    client.set_registered_model_alias(registered_name(source), "champion", "1")  # as a release without a log left it
    done = train(data(source), PLAIN, DELAY, at, tmp_path, Lake("lake"))
    assert (done.role, done.version, done.champion_version) == ("champion", 2, 1)
    assert champions(source, at).champions == (1, 2)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"baseline": []}', '{"baseline": {"amount": [1]}}'])
def test_a_card_of_another_release_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableModelError, match=r"card.json is of another release .*; train again") as error:
        Card.from_json(text)
    assert "\n" not in str(error.value)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def aliases(source: str, at: str) -> dict[int, tuple[str, ...]]:
    return {one.version: one.aliases for one in registry.versions(source, at)}


@pytest.fixture(scope="module")
def forest(mlflow_server: Settings, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """A training as a source's file may ask for it, of another algorithm."""
    asked = ModelConfig(
        average_precision_floor=0.3,
        algorithm="random_forest",
        parameters={"n_estimators": 20},
        imbalance="undersampling",
        calibration="isotonic",
        training_days=None,
    )
    given = data(f"test-{uuid.uuid4().hex[:8]}")
    return train(given, asked, DELAY, mlflow_server.mlflow, tmp_path_factory.mktemp("models"), Lake("lake"))


@pytest.mark.stack
def test_the_run_says_what_the_model_was_made_of(mlflow_server: Settings, forest: TrainingResult) -> None:
    import mlflow

    client = mlflow.MlflowClient(mlflow_server.mlflow)
    run = client.get_run(forest.run_id)
    assert run.data.params["data gold.features"] == "version 3"
    assert run.data.params["algorithm"] == "random_forest"
    assert run.data.params["n_estimators"] == "20"
    expected = forest.evaluation.metrics["average_precision"]
    assert run.data.metrics["average_precision"] == pytest.approx(expected)
    assert {file.path for file in client.list_artifacts(forest.run_id)} >= {
        *("card.json", "gate.json", "model_card.md", "segments.csv"),
        *("confusion.png", "importance.png", "precision_recall.png", "reliability.png", "segments.png"),
    }
    assert versions_read(forest.run_id, mlflow_server.mlflow) == (VERSIONS, data("any").digest)


@pytest.mark.stack
def test_undersampling_is_undone_by_calibration(forest: TrainingResult) -> None:
    assert {one.name: one.holds for one in forest.conditions}["calibrated"], forest.conditions
    assert forest.rows["train"] > 12_000  # all history that there is


@pytest.mark.stack
def test_mlflow_itself_can_load_the_model(mlflow_server: Settings, forest: TrainingResult, tmp_path: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(mlflow_server.mlflow)
    loaded = mlflow.pyfunc.load_model(f"models:/fraud-{forest.source}/{forest.version}")
    assert loaded.metadata.signature.inputs.input_names() == list(NAMES)
    rows = data("any", 1_000).features.select(NAMES).collect()
    champion = load_champion(forest.source, mlflow_server.mlflow, tmp_path)
    assert champion is not None
    expected = model.score(model.from_bytes(champion.model), rows)
    assert loaded.predict(rows.to_pandas()) == pytest.approx(expected)


@pytest.mark.stack
def test_the_card_says_what_people_must_know(mlflow_server: Settings, forest: TrainingResult) -> None:
    text = registry.text(forest.source, forest.version, "model_card.md", mlflow_server.mlflow)
    assert text == forest.model_card
    for said in ("random_forest", "| gold.features | 3 |", "average_precision_low", "## Limits", "| time_is_night |"):
        assert said in text


def test_a_server_that_is_down_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        FraudError, match=r"MLflow cannot be reached at http://127.0.0.1:9 .*; run `make demo` or `fraud up`"
    ):
        load_champion("test", "http://127.0.0.1:9", tmp_path)


def test_no_fraud_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    given = data("test", 2_000)
    genuine = replace(given, labels=given.labels.with_columns(is_fraud=pl.lit(False)))
    with pytest.raises(FraudError, match=r"0 frauds among the .* train payments"):
        train(genuine, PLAIN, DELAY, "http://127.0.0.1:9", tmp_path, Lake("lake"))
