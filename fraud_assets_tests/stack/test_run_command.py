import pytest
from typer.testing import CliRunner

from fraud_assets.cli import app
from fraud_assets.definitions import defs
from fraud_assets.errors import FraudError
from fraud_assets.orchestration.jobs import Job


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "no job 'nope'; there are: refresh, references, summaries, train, upkeep"),
        (["refresh", "--source", "nope"], "no source 'nope'; there are: cards, "),
        (["refresh"], "Dagster cannot be reached at .*; run `make demo` or `fraud up`"),
    ],
)
def test_what_cannot_be_run_is_said(arguments: list[str], said: str) -> None:
    with pytest.raises(FraudError, match=said):
        CliRunner().invoke(app, ["run", *arguments], catch_exceptions=False)


def test_the_jobs_are_those_that_dagster_has() -> None:
    assert sorted(Job) == sorted(job.name for job in defs.jobs or [])
