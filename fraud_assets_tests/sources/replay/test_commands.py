import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fraud_assets import cli
from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings


def run(*arguments: object) -> tuple[str, str]:
    result = CliRunner().invoke(cli.app, ["replay", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


@pytest.mark.stack
def test_a_file_is_sent_with_a_warning_and_a_report(stack: Settings, tmp_path: Path) -> None:
    sample = ["simulate", "ecommerce", "--sample", "700", "--output", str(tmp_path / "orders.jsonl"), "--json"]
    made = json.loads(CliRunner().invoke(cli.app, sample, catch_exceptions=False).stdout)["file"]
    out, err = run("ecommerce", tmp_path / "orders.jsonl", "--batch", 500, "--duplicates", 0.1)
    report = json.loads(out)
    assert report["records"] == made["records"] + report["duplicates"]
    assert report["batches"] == report["batches_above_1_percent_fraud"] == 2
    assert "warning: batch 1 holds" in err
    assert "warning: batch 2" not in err


def test_an_unknown_source_or_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FraudError, match="no source 'nobody'"):
        run("nobody", tmp_path / "orders.jsonl")
    with pytest.raises(FraudError, match="no file"):
        run("ecommerce", tmp_path / "orders.jsonl")
