"""``fraud reference load`` and ``list``, without a running stack."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fraud_assets.cli import app
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets.watchlists.load import TABLE
from fraud_assets_tests.lakes import write


def fraud(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reference", *arguments])


@pytest.fixture
def made(lake: Lake) -> Lake:
    """A lake with the table, which has an entry of another source."""
    then = [datetime(2026, 1, 1, tzinfo=UTC)]
    times = dict.fromkeys(("valid_from", "known_at", "loaded_at"), then)
    write(TABLE, lake, {"source": "other", "list": "blocked_ips", "entry": ["10.0.0.9"], **times})
    return lake


def test_load_and_list(made: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ips.csv"
    file.write_text("ip,why\n10.0.0.1,[red]:x:\n10.0.0.300,typo\n")
    monkeypatch.setenv("FRAUD_BLOCKED_IPS", file.as_uri())
    settings.cache_clear()

    first = fraud("load", "blocked_ips")
    assert first.exit_code == 0, first.output
    assert first.output.startswith(
        "blocked_ips of cards: 1 opened or revised, 0 closed, 0 unchanged\n"
        "1 bad lines, the first in line 3: ip is no address or network but '10.0.0.300'\n"
    )
    report = settings().runtime / "references/cards-blocked_ips.csv"
    assert report.read_text().splitlines()[1] == "3,ip is no address or network but '10.0.0.300',\"10.0.0.300,typo\""

    file.write_text("ip,why\n10.0.0.1,[red]:x:\n")
    assert fraud("load", "blocked_ips", str(file)).output.endswith("0 opened or revised, 0 closed, 1 unchanged\n")
    assert not report.exists()

    told = json.loads(fraud("list", "blocked_ips", "--json").output)
    assert (told["total"], told["entries"][0]["entry"], told["entries"][0]["why"]) == (1, "10.0.0.1", "[red]:x:")
    assert "[red]:x:" in fraud("list", "blocked_ips").output
    assert json.loads(fraud("list", "blocked_ips", "--at", "2026-01-02", "--json").output)["total"] == 0


def test_a_list_or_source_that_is_none_is_said(made: Lake) -> None:
    assert str(fraud("list", "blocked_hats").exception).startswith("no list 'blocked_hats'; there are: blocked_ips, ")
    assert str(fraud("list", "blocked_ips", "--source", "nope").exception).startswith("no source 'nope'")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("blocked_hats",), "no list 'blocked_hats'; there are: blocked_ips, "),
        (("blocked_ips",), "blocked_ips: no file; give one, or set FRAUD_BLOCKED_IPS"),
        (("blocked_ips", "nowhere.csv"), "blocked_ips: cannot read nowhere.csv"),
        (("blocked_ips", "http://127.0.0.1:9/ips.csv"), "blocked_ips: cannot read http://127.0.0.1:9/ips.csv"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_a_line(made: Lake, arguments: tuple[str, ...], said: str) -> None:
    error = fraud("load", *arguments).exception
    assert isinstance(error, FraudError)
    assert str(error).startswith(said)


def test_a_file_without_the_list_s_column_changes_nothing(made: Lake, tmp_path: Path) -> None:
    file = tmp_path / "ips.csv"
    file.write_text("address\n10.0.0.1\n")
    error = fraud("load", "blocked_ips", str(file)).exception
    assert str(error) == "blocked_ips: the header has no column ip; found: address"


def test_a_lake_without_references_says_what_to_run(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "ips.csv").write_text("ip\n")
    for arguments in (("load", "blocked_ips", str(tmp_path / "ips.csv")), ("list", "blocked_ips")):
        assert "fraud run references --source cards" in str(fraud(*arguments).exception)
