"""Labels by ``fraud label``: what is asked for, and what is said where something is missing."""

import polars as pl
import pytest
from typer.testing import CliRunner

from fraud_assets.cli import app
from fraud_assets.declarations.sources.stream import ANALYST
from fraud_assets.declarations.tables import silver
from fraud_assets.errors import FraudError
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.analyst_labels import add_label
from fraud_assets_tests.lakes import write
from fraud_assets_tests.streamlit_app.dashboard_lake import NOW


@pytest.fixture
def labelled(lake: Lake) -> Lake:
    write(silver.LABELS, lake, {"transaction_id": ["T1"], "is_fraud": [True], "known_at": [NOW]})
    return lake


def test_a_label_waits_for_its_payment(labelled: Lake) -> None:
    options = ["--genuine", "--source", "cards", "--why", "card found", "--who", "ann"]
    result = CliRunner().invoke(app, ["label", "T1", *options])
    assert result.exit_code == 0, result.output
    assert result.output == "T1 of cards is genuine; the payment is not in silver yet, the label waits for it\n"
    labels = reads.scan(silver.LABELS, labelled)
    assert labels is not None
    (row,) = (
        labels.filter(pl.col("origin") == ANALYST)
        .select("source", "transaction_id", "is_fraud", "who")
        .collect()
        .rows()
    )
    assert row == ("cards", "T1", False, "ann")


@pytest.mark.parametrize("options", [["--why", "x"], ["--fraud"]], ids=["no label", "no reason"])
def test_a_label_and_its_reason_are_required(labelled: Lake, options: list[str]) -> None:
    with pytest.raises(FraudError, match=r"--fraud or --genuine, with --why"):
        CliRunner().invoke(app, ["label", "T1", *options], catch_exceptions=False)


def test_who_and_why_are_not_blank(labelled: Lake) -> None:
    with pytest.raises(FraudError, match="say why"):
        add_label("cards", "T1", True, "ann", " ", labelled)


def test_a_lake_without_labels_says_what_to_run(lake: Lake) -> None:
    with pytest.raises(FraudError, match="fraud run refresh --source cards"):
        add_label("cards", "T1", True, "ann", "x", lake)
