"""The code's version names the package and the commit, with a mark when tracked files were changed."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from fraud_assets import version as versions


def test_a_checkout_names_its_commit() -> None:
    found = versions.code_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+(\+[0-9a-f]{12}(\.modified)?)?", found)


def test_without_a_checkout_it_is_the_packages_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "REPOSITORY", tmp_path)
    assert versions.code_version.__wrapped__() == version(versions.PACKAGE)
