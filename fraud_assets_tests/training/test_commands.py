"""The commands ``fraud model …`` on a registry and a lake of their own."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml
from deltalake import write_deltalake
from typer.testing import CliRunner

from fraud_assets.cli import app
from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.model import ModelConfig
from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import Settings, settings
from fraud_assets.training.data.dataset import pinned, training_set
from fraud_assets.training.train import train
from fraud_assets_tests.training.sample import DELAY, payments

pytestmark = pytest.mark.stack


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["model", *words])
    if result.exception:
        raise result.exception
    return result.stdout


def fill(lake: Lake, source: str) -> None:
    for table, rows in zip((gold.FEATURES, silver.LABELS), payments(6_000), strict=True):
        write_deltalake(lake.path(table), rows.with_columns(source=pl.lit(source)).to_arrow(), mode="append")


@pytest.fixture
def source(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A source of this test's own, so that no other has models of it; like cards."""
    name, folder = f"test_{uuid.uuid4().hex[:8]}", Path(lake.root).parent / "sources"
    folder.mkdir()
    described = (settings().sources / "cards.yaml").read_text()
    (folder / f"{name}.yaml").write_text(described.replace("name: cards", f"name: {name}"))
    monkeypatch.setenv("FRAUD_SOURCES", str(folder))
    settings.cache_clear()
    catalogue.cache_clear()
    yield name
    catalogue.cache_clear()


def test_a_life_of_models(mlflow_server: Settings, lake: Lake, tmp_path: Path, source: str) -> None:
    own = ("--source", source)
    with pytest.raises(FraudError, match="has no models yet; train one: fraud run train"):
        run("list", *own)
    with pytest.raises(FraudError, match="has no champion yet; train one: fraud run train"):
        run("card", *own)
    fill(lake, source)
    data = training_set(source, pinned(lake), lake, NAMES, 100_000)
    for names in (NAMES, ["amount"]):
        train(data, ModelConfig(average_precision_floor=0), DELAY, mlflow_server.mlflow, tmp_path, lake, names)

    challenger, champion = json.loads(run("list", *own, "--json"))
    assert (champion["version"], champion["aliases"], champion["refusal"]) == (1, ["champion"], None)
    assert (challenger["version"], challenger["aliases"]) == (2, ["challenger"])
    assert challenger["refusal"].startswith("beats the champion")
    assert "champion" in run("list", *own)
    assert run("card", *own).startswith(f"# Model of {source}")
    assert run("card", *own) == run("card", "1", *own) != run("card", "2", *own)
    with pytest.raises(FraudError, match="or give --force"):
        run("promote", "2", *own)
    assert run("promote", "2", *own, "--force") == f"version 2 is the champion of {source}\n"
    assert "version 1 is the champion" in run("rollback", *own)

    fill(lake, source)  # what comes later does not matter
    file = tmp_path / "payments.parquet"
    run("data", "1", *own, "--output", str(file))
    assert pl.read_parquet(file).equals(data.ordered().collect())


def test_a_search_prints_a_section_for_the_sources_file(mlflow_server: Settings, lake: Lake) -> None:
    fill(lake, "cards")
    with pytest.raises(FraudError, match="give --trials N, --minutes M or both"):
        run("search")
    said = run("search", "--trials", "1")
    section = yaml.safe_load(said[said.index("model:") :])["model"]
    assert ModelConfig(average_precision_floor=0.3, **section).algorithm == "xgboost"
