"""The examples in the docstrings of the declarations are right."""

import doctest
import importlib
import pkgutil

import pytest

from fraud_assets.declarations.features import families

MODULES = [
    "fraud_assets.declarations.features.catalogue",
    *(f"{families.__name__}.{module.name}" for module in pkgutil.iter_modules(families.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
