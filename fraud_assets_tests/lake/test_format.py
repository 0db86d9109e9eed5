"""A lake of another format is refused by whatever opens it, with one line that says what to do."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from fraud_assets.cli import app
from fraud_assets.declarations.tables import silver
from fraud_assets.errors import FraudError
from fraud_assets.lake import create
from fraud_assets.lake.location import Lake
from fraud_assets.lake.upkeep import maintain


@pytest.fixture
def old(lake: Lake) -> Lake:
    """A lake as versions before the property wrote it: tables with other properties, and names of that time."""
    columns = {"source": ["cards"], "transaction_id": ["T1"], "is_fraud": [True], "origin": ["in line"]}
    properties = {"delta.enableChangeDataFeed": "true"}
    write_deltalake(lake.path(silver.LABELS), pa.table(columns), configuration=properties)
    return lake


@pytest.mark.parametrize(
    "words",
    [
        ["query", "select count(*) from silver.labels"],
        ["export", "silver.labels", "--to", "out"],
        ["label", "T1", "--fraud", "--why", "stolen"],
    ],
)
def test_commands_refuse_it(old: Lake, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FraudError) as refused:
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert str(refused.value) == (
        f"the lake at {old.root} has format 1, this version needs 2: move it away or let "
        "FRAUD_LAKE name another folder, then load the payments again (in the demo: fraud demo --fresh)"
    )


def test_steps_and_upkeep_refuse_it_and_change_nothing(old: Lake) -> None:
    no_spark = None
    with pytest.raises(FraudError, match="has format 1"):
        create.create_all(no_spark, old, (silver.LABELS,))  # type: ignore[arg-type]
    with pytest.raises(FraudError, match="has format 1"):
        maintain(no_spark, silver.LABELS, old)  # type: ignore[arg-type]
    assert old.files(silver.LABELS, "_delta_log") == ["_delta_log/00000000000000000000.json"]
