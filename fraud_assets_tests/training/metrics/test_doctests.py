"""The examples in the docstrings of training/ are its tests: one a metric, with figures worked out by hand."""

import doctest
import importlib
import pkgutil

import pytest

import fraud_assets.training as training
import fraud_assets.training.metrics as metrics

MODULES = [
    f"{package.__name__}.{m.name}" for package in (training, metrics) for m in pkgutil.iter_modules(package.__path__)
]
WITHOUT_EXAMPLES = {"split", "model", "plots", "champion", "track", "train", "metrics", "assets"}


@pytest.mark.parametrize("name", [name for name in MODULES if name.rsplit(".")[-1] not in WITHOUT_EXAMPLES])
def test_examples(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert not results.failed
