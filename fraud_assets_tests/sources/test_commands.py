import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from fraud_assets.errors import FraudError
from fraud_assets.sources.commands import app

SMALL = ["cards", "--customers", "50", "--terminals", "500", "--days", "3", "--end", "2026-08-01"]


def test_cards_to_a_file_with_a_summary_for_programs(tmp_path: Path) -> None:
    output = tmp_path / "cards.parquet"
    result = CliRunner().invoke(app, [*SMALL, "--output", str(output), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    written = pl.read_parquet(output)
    assert json.loads(result.stdout)["file"]["transactions"] == written.height > 0
    assert written["event_time"].dt.date().n_unique() == 3


def test_the_summary_for_people_is_one_line(tmp_path: Path) -> None:
    output = tmp_path / "cards.parquet"
    result = CliRunner().invoke(app, [*SMALL, "--output", str(output)], catch_exceptions=False)
    assert result.stdout.startswith(f"{output}: ")
    assert len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nothing to do: give --output"),
        (["--output", "nowhere/at/all.parquet"], "there is no folder"),
        (["--output", "/proc/cards.parquet"], "cannot write /proc/cards.parquet: .*; give another file"),
        (["--output", "cards.csv"], r"cannot write cards\.csv: its name must end in \.parquet"),
        (["--kafka", "--end", "0001-01-02"], "3 days before 1-01-02 is before 1970; end it later"),
        (["--kafka", "--days", "1000000000"], "1,000,000,000 days before 2026-08-01 is before 1970"),
    ],
)
def test_what_cannot_be_done_is_said(options: list[str], message: str) -> None:
    with pytest.raises(FraudError, match=message):
        CliRunner().invoke(app, [*SMALL, *options], catch_exceptions=False)


def test_orders_to_a_file_with_a_summary_for_people(tmp_path: Path) -> None:
    sample = ["ecommerce", "--sample", "100", "--output", str(tmp_path / "orders.csv"), "--end", "2026-08-01"]
    result = CliRunner().invoke(app, sample, catch_exceptions=False)
    assert result.stdout.startswith(f"{tmp_path / 'orders.csv'}: 10")
    assert len(result.stdout.splitlines()) == 1
    assert pl.read_csv(tmp_path / "orders.csv").height >= 100


def test_orders_that_cannot_be_made_leave_no_file(tmp_path: Path) -> None:
    for name, more, message in (
        ("orders.xml", [], r"orders\.xml: its name must end in \.jsonl or \.json or \.csv or \.parquet"),
        ("orders.csv", ["--end", "0001-01-02"], "begin before 1970"),
    ):
        sample = ["ecommerce", "--sample", "100", "--output", str(tmp_path / name), *more]
        with pytest.raises(FraudError, match=message):
            CliRunner().invoke(app, sample, catch_exceptions=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [[], ["--sample", "5"], ["--output", "orders.csv"], ["--sample", "5", "--kafka"]])
def test_orders_need_somewhere_to_go(options: list[str]) -> None:
    with pytest.raises(FraudError, match="nothing to do: give --sample N with --output FILE, or --kafka"):
        CliRunner().invoke(app, ["ecommerce", *options], catch_exceptions=False)


def test_sparkov_payments_to_a_file(tmp_path: Path) -> None:
    sample = ["sparkov", "--sample", "100", "--output", str(tmp_path / "payments.csv"), "--end", "2026-08-01"]
    said = CliRunner().invoke(app, sample, catch_exceptions=False).stdout
    assert said.startswith(f"{tmp_path / 'payments.csv'}: 100 payments with ")
    assert json.loads(CliRunner().invoke(app, [*sample, "--json"]).stdout)["file"]["records"] == 100
