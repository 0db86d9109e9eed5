"""The examples in the docstrings of models/, training/, monitoring/ and of the benchmarks' protocol hold."""

import doctest
import importlib
from pathlib import Path

import pytest

from fraud_assets.settings import REPOSITORY

FILES = [
    *(
        file
        for part in ("models", "training", "monitoring")
        for file in (REPOSITORY / "fraud_assets" / part).rglob("*.py")
    ),
    REPOSITORY / "bench/prequential.py",
]
EXAMPLES = sorted(file for file in FILES if ">>>" in file.read_text())
METRICS = [file for file in FILES if file.parent.name == "metrics" and file.stem != "__init__"]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_examples(file: Path) -> None:
    name = ".".join(file.relative_to(REPOSITORY).with_suffix("").parts)
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert not results.failed


def test_every_metric_has_an_example() -> None:
    assert METRICS
    assert set(METRICS) <= set(EXAMPLES)
