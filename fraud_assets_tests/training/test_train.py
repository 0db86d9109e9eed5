"""Training against a real MLflow server: what is registered, what becomes champion, how it is fetched again."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fraud_assets.errors import FraudError
from fraud_assets.features.catalogue import NAMES
from fraud_assets.settings import Settings
from fraud_assets.training import model
from fraud_assets.training.champion import load_champion
from fraud_assets.training.train import train

DAY = 86_400


def payments(count: int = 20_000) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ninety days in which a high amount at night is mostly fraud, and its labels, seven days later."""
    random = np.random.default_rng(1)
    start = pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).dt.cast_time_unit("us")
    frame = pl.DataFrame({name: random.random(count) for name in NAMES}).with_columns(
        transaction_id=pl.int_range(count).cast(pl.String),
        customer_id=pl.Series(random.integers(0, 500, count)).cast(pl.String),
        event_time=start + pl.Series(np.sort(random.integers(0, 90 * DAY, count))) * pl.duration(seconds=1),
        time_is_night=pl.col("time_is_night").round(),
    )
    likely = (pl.col("amount") > 0.9) & (pl.col("time_is_night") == 1)
    labels = frame.select(
        "transaction_id",
        is_fraud=likely & (pl.Series(random.random(count)) < 0.8),
        known_at=pl.col("event_time") + pl.duration(days=7),
    )
    return frame, labels


@pytest.fixture
def source() -> str:
    """A source that has no models yet."""
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.mark.stack
def test_the_first_is_champion_and_a_worse_one_challenger(stack: Settings, source: str, tmp_path: Path) -> None:
    features, labels = payments()
    assert load_champion(source, stack.mlflow, tmp_path) is None

    first = train(source, features, labels, 7 * DAY, stack.mlflow, tmp_path, {"gold/features": 3})
    assert (first.role, first.version, first.champion_version) == ("champion", 1, None)
    assert first.metrics["auc_roc"] > 0.9
    assert 0.1 < first.threshold < 0.9
    assert first.rows["test"] > 1_000

    worse = train(source, features, labels, 7 * DAY, stack.mlflow, tmp_path, {"gold/features": 4}, names=["amount"])
    assert (worse.role, worse.version, worse.champion_version) == ("challenger", 2, 1)
    assert worse.champion_average_precision == first.metrics["average_precision"]

    champion = load_champion(source, stack.mlflow, tmp_path / "elsewhere")
    assert champion is not None
    assert champion.version == 1
    assert champion.card.features == NAMES
    assert champion.card.threshold == first.threshold
    assert sum(champion.card.reference["score"].counts) == first.rows["train"]
    assert model.names(model.from_bytes(champion.model)) == list(NAMES)
    assert load_champion(source, stack.mlflow, tmp_path / "elsewhere") == champion


@pytest.mark.stack
def test_the_run_says_what_the_model_was_made_of(stack: Settings, source: str, tmp_path: Path) -> None:
    import mlflow

    features, labels = payments()
    result = train(source, features, labels, 7 * DAY, stack.mlflow, tmp_path, {"data_lake/gold/features": 12})
    client = mlflow.MlflowClient(stack.mlflow)
    run = client.get_run(result.run_id)
    assert run.data.params["data data_lake/gold/features"] == "version 12"
    assert run.data.metrics["average_precision"] == pytest.approx(result.metrics["average_precision"])
    assert {file.path for file in client.list_artifacts(result.run_id)} >= {
        "card.json",
        "importance.png",
        "precision_recall.png",
    }
    info = mlflow.models.get_model_info(f"models:/fraud-{source}/{result.version}")
    assert info.signature.inputs.input_names() == list(NAMES)


def test_a_server_that_is_down_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FraudError, match=r"MLflow cannot be reached at http://127.0.0.1:9 .*; start it with: fraud up"):
        load_champion("test", "http://127.0.0.1:9", tmp_path)


def test_no_fraud_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    features, labels = payments(2_000)
    genuine = labels.with_columns(is_fraud=False)
    with pytest.raises(FraudError, match=r"0 frauds among the .* train payments"):
        train("test", features, genuine, 7 * DAY, "http://127.0.0.1:9", tmp_path, {})
