"""The examples in docstrings of the product and its benchmarks hold; every metric has one, worked out by hand."""

import doctest
import importlib
from pathlib import Path

import pytest

from fraud_assets.settings import REPOSITORY


def _name(module: Path) -> str:
    return ".".join(module.relative_to(REPOSITORY).with_suffix("").parts)


def _must_have_examples(module: Path) -> bool:
    return module.parent.name == "metrics" and module.name != "__init__.py"


MODULES = [
    module
    for package in ("fraud_assets", "streamlit_app", "bench")
    for module in sorted((REPOSITORY / package).rglob("*.py"))
    if ">>> " in module.read_text() or _must_have_examples(module)
]


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_examples(module: Path) -> None:
    results = doctest.testmod(importlib.import_module(_name(module)))
    assert results.attempted, f"{_name(module)} has no example"
    assert not results.failed


def test_metrics_are_among_them() -> None:
    assert any(_must_have_examples(module) for module in MODULES)
