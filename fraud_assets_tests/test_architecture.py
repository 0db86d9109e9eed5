"""Who may import whom: stages depend on what is upstream of them and on the shared foundations."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraud_assets.settings import REPOSITORY

PACKAGE = REPOSITORY / "fraud_assets"
MODULES = sorted(PACKAGE.rglob("*.py"))
WIRING = {"assets.py", "checks.py", "sensors.py", "jobs.py", "definitions.py", "wiring.py"}

FOUNDATIONS = {"settings", "errors", "parallel", "tables", "lake", "sources"}
UPSTREAM: dict[str, set[str]] = {
    "settings": {"errors"},
    "errors": set(),
    "parallel": set(),
    "tables": {"features"},  # gold.features has a column for each declared feature
    "lake": {"settings", "errors", "tables", "sources"},
    "sources": {"settings", "errors", "tables", "features"},  # a source names the families of features it has
    "bronze": FOUNDATIONS,
    "silver": {*FOUNDATIONS, "bronze"},
    "references": FOUNDATIONS,
    "gold": {*FOUNDATIONS, "silver"},
    "features": {*FOUNDATIONS, "silver", "references"},
    "training": {*FOUNDATIONS, "silver", "features"},
    "scoring": {*FOUNDATIONS, "silver", "features", "training"},
    "monitoring": {*FOUNDATIONS, "bronze", "silver", "features", "training", "scoring"},
    "stack": {"settings", "errors", "sources"},  # a wrong source's file is told before what reads it is started
    "demo": {*FOUNDATIONS, "bronze", "silver", "training", "stack"},
}
"""For each part of the package, the parts it may import besides itself; wiring may also import ``wiring``."""


def _name(module: Path) -> str:
    return str(module.relative_to(REPOSITORY))


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_a_module_says_what_belongs_in_it(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text())), f"{_name(module)} has no docstring"


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_dagster_stays_in_the_wiring(module: Path) -> None:
    if module.name in WIRING or module.is_relative_to(PACKAGE / "stack"):
        return
    dagster = [name for name in _imports(module) if name.split(".")[0] in {"dagster", "dagster_pyspark"}]
    assert not dagster, f"{_name(module)} imports {dagster}; Dagster belongs in {', '.join(sorted(WIRING))}"


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_imports_point_upstream(module: Path) -> None:
    part = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part not in UPSTREAM or module.stem.endswith(("command", "commands")):
        return
    allowed = {part, *UPSTREAM[part], *({"wiring"} if module.name in WIRING else ())}
    parts = {name.split(".")[1] for name in _imports(module) if name.startswith("fraud_assets.")}
    assert parts <= allowed, f"{_name(module)} imports {sorted(parts - allowed)}; it may import {sorted(allowed)}"


def test_every_part_has_its_place() -> None:
    parts = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert parts <= set(UPSTREAM), f"say in UPSTREAM what {sorted(parts - set(UPSTREAM))} may import"


def test_assets_need_their_annotations() -> None:
    postponed = [
        _name(module)
        for module in MODULES
        if module.name in WIRING and "__future__.annotations" in set(_imports(module))
    ]
    assert not postponed, f"Dagster cannot read postponed annotations: {postponed}"
