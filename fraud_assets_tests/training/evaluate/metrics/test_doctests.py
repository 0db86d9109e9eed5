"""The examples in the docstrings of training/ hold; every metric has one, with figures worked out by hand."""

import doctest
import importlib
import pkgutil

import pytest

import fraud_assets.training as training
import fraud_assets.training.evaluate.metrics as metrics

PURE = ("algorithms.interface", "distributed", "reference", "threshold")
MODULES = [
    *(f"{training.__name__}.{name}" for name in PURE),
    *(f"{metrics.__name__}.{module.name}" for module in pkgutil.iter_modules(metrics.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert not results.failed
