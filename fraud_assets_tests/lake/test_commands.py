from typer.testing import CliRunner

from fraud_assets.cli import app
from fraud_assets.errors import FraudError


def test_an_answer_is_shown_as_it_is() -> None:
    result = CliRunner().invoke(app, ["query", """select '[/nope]' "[/b]", ':x:' plain"""], catch_exceptions=False)
    assert [line.split() for line in result.output.splitlines()] == [["[/b]", "plain"], ["[/nope]", ":x:"]]


def test_into_a_pipe_no_value_is_cut() -> None:
    long = "x" * 200
    result = CliRunner().invoke(app, ["query", f"select '{long}' a, '{long}' b"], catch_exceptions=False)
    assert result.output.count(long) == 2


def test_no_statement_is_said() -> None:
    result = CliRunner().invoke(app, ["query", ""])
    assert isinstance(result.exception, FraudError)
    assert "no statement; give one" in str(result.exception)
