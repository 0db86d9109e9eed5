"""Who may import whom: stages depend on what is upstream of them and on the shared foundations."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraud_assets.settings import REPOSITORY

PACKAGE = REPOSITORY / "fraud_assets"
MODULES = sorted(PACKAGE.rglob("*.py"))
WIRING = {"assets.py", "checks.py", "sensors.py", "definitions.py"}

FOUNDATIONS = {"settings", "errors", "parallel", "version", "declarations", "lake"}
UPSTREAM: dict[str, set[str]] = {
    "errors": set(),
    "settings": {"errors"},
    "parallel": set(),
    "version": {"settings", "errors"},
    "console": set(),
    "declarations": {"settings", "errors"},
    "lake": {"settings", "errors", "declarations"},
    "sources": FOUNDATIONS,
    "bronze": FOUNDATIONS,
    "silver": {*FOUNDATIONS, "bronze"},
    "watchlists": FOUNDATIONS,
    "summaries": {*FOUNDATIONS, "silver"},
    "features": {*FOUNDATIONS, "silver", "watchlists"},
    "models": FOUNDATIONS,
    "training": {*FOUNDATIONS, "silver", "features", "models"},
    "decisions": {*FOUNDATIONS, "silver", "features", "models"},
    "monitoring": {*FOUNDATIONS, "bronze", "silver", "features", "models", "training", "decisions"},
    "orchestration": FOUNDATIONS,
    "stack": {"settings", "errors", "declarations", "orchestration"},
    "demo": {*FOUNDATIONS, "bronze", "silver", "sources", "models", "training", "stack", "orchestration"},
}
"""For each part of the package, the parts it may import besides itself; wiring may also import ``orchestration``."""


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
    if module.name in WIRING or module.parent.name in ("orchestration", "stack"):
        return
    dagster = [name for name in _imports(module) if name.split(".")[0] in {"dagster", "dagster_pyspark"}]
    assert not dagster, f"{_name(module)} imports {dagster}; Dagster belongs in {', '.join(sorted(WIRING))}"


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_imports_point_upstream(module: Path) -> None:
    part = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part not in UPSTREAM or module.stem.endswith(("command", "commands")):
        return
    allowed = {part, *UPSTREAM[part], *({"orchestration"} if module.name in WIRING else ())}
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
