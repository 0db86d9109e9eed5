"""docs/expressions.md says what the code does: its table of functions, its examples of errors."""

import re
from pathlib import Path

import pytest

from fraud_assets.declarations.sources.document import SourceError
from fraud_assets.declarations.sources.source import load
from fraud_assets.expressions.functions import FUNCTIONS
from fraud_assets.settings import REPOSITORY
from fraud_assets_tests.declarations.sources.test_source import GOOD, write

PAGE = REPOSITORY / "docs/expressions.md"


def table() -> str:
    """The page's table of functions."""
    rows = [("Function", "Gives"), ("---", "---")]
    rows += [(f"`{each.usage}`", each.meaning) for each in FUNCTIONS.values() if each.public]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def test_the_table_of_functions_is_the_code_s() -> None:
    assert table() in PAGE.read_text(), f"put this table under Functions in docs/expressions.md:\n{table()}"


def test_the_examples_of_errors_are_those_that_a_file_gives(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^## Errors.*?```text\n(.*?)```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    for line in shown.splitlines():
        column, expression = re.findall(r"columns\.(\w+): .*; found '(.*)'$", line)[0]
        text = GOOD.replace("fields: [id, at, who, where, sum, note]", "fields: [id, at, who, total]")
        text = text.replace("merchant_id: where", "merchant_id: who").replace("amount: sum", "amount: total")
        text = re.sub(rf"^    {column}: .*$", f"    {column}: {expression}", text, flags=re.MULTILINE)
        with pytest.raises(SourceError) as error:
            load(write(tmp_path, text))
        assert str(error.value) == line
