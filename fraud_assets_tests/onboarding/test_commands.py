import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fraud_assets.declarations.sources.source import catalogue
from fraud_assets.errors import FraudError
from fraud_assets.onboarding.commands import app

SAMPLE = """id,at,who,shop,amount
1,2024-05-06T07:08:09Z,ann,[b]:x:,2.50
2,2024-05-06T07:09:09Z,bob,s1,lots
3,2024-05-06T07:10:09Z,,s2,3.50
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.csv"
    path.write_text(SAMPLE)
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(
        "name: shop\ndescription: a shop\nowner: us\nbegan: 2024-01-01\nlabel_delay_days: 7\ntransactions:\n"
        "  topic: shop-transactions\n  format: csv\n  fields: [id, at, who, shop, amount]\n  columns:\n"
        "    transaction_id: id\n    event_time: at\n    customer_id: who\n    merchant_id: shop\n    amount: amount\n"
        "model:\n  average_precision_floor: 0.1\n"
    )
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_source_is_listed() -> None:
    assert {source["name"] for source in json.loads(run("list", "--json"))} == set(catalogue())
    assert "sparkov-transactions" in run("list")


def test_a_source_that_is_none_is_said() -> None:
    with pytest.raises(FraudError, match="no source 'nope', nor a file of that name; there are: cards, ecommerce"):
        run("check", "nope")


def test_a_draft_is_written_once(tmp_path: Path, sample: Path) -> None:
    output = tmp_path / "store.yaml"
    assert f"fraud source check {output}" in run("new", "store", "--sample", sample, "--output", output).replace(
        "\n", " "
    )
    with pytest.raises(FraudError, match="exists"):
        run("new", "store", "--sample", sample, "--output", output)
    with pytest.raises(FraudError, match=r"call it other\.yaml"):
        run("new", "other", "--sample", sample, "--output", tmp_path / "else.yaml")


def test_a_name_that_cannot_be_leaves_no_file(tmp_path: Path, sample: Path) -> None:
    with pytest.raises(FraudError, match="name"):
        run("new", "Bad", "--sample", sample, "--output", tmp_path / "Bad.yaml")
    assert not (tmp_path / "Bad.yaml").exists()


def test_a_check_shows_what_maps_what_is_missing_and_what_fails(source: Path, sample: Path) -> None:
    shown = run("check", source, "--sample", sample)
    assert "2 of 3" in shown  # amounts
    assert "[b]:x:" in shown
    assert "not mapped: currency" in shown
    assert "amount is not a double" in shown
    assert "customer_id is missing" in shown
    assert "1 of the first 3 records can be trusted" in shown
    assert "sound" in run("check", source)


def test_an_expression_that_is_wrong_is_named_by_line_and_column(source: Path) -> None:
    text = source.read_text().replace("merchant_id: shop", "merchant_id: upper(store)")
    source.write_text(text + "  # end\n")
    said = r"shop.yaml:14:5: transactions.columns.merchant_id: no field 'store'; .* \(at character 7\); found 'upper"
    with pytest.raises(FraudError, match=said):
        run("check", source)


def test_when_nothing_can_be_trusted_the_check_fails(source: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(SAMPLE.splitlines()[:1] + SAMPLE.splitlines()[2:]))
    result = CliRunner().invoke(app, ["check", str(source), "--sample", str(bad)], catch_exceptions=False)
    assert result.exit_code == 1
