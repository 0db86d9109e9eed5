"""Who may import whom: a part depends on the ground and on what is upstream of it, never on what is downstream."""

import ast
import shutil
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from fraud_assets.settings import REPOSITORY

PACKAGES = ("fraud_assets", "streamlit_app")
MODULES = sorted(module for package in PACKAGES for module in (REPOSITORY / package).rglob("*.py"))
WIRING = {"assets.py", "checks.py", "sensors.py", "definitions.py"}

GROUND = {"settings", "errors", "expressions", "declarations"}
FOUNDATIONS = {*GROUND, "parallel", "logs", "version", "lake"}
COMMANDS = {"console", "output_file", "signals"}
"""What commands share."""
UPSTREAM: dict[str, set[str]] = {
    "errors": set(),
    "parallel": set(),
    "console": set(),
    "signals": set(),
    "logs": set(),
    "version": {"settings", "errors"},
    "expressions": {"errors"},
    "settings": {"errors"},
    "output_file": {"errors"},
    "declarations": {"settings", "errors", "expressions"},
    "lake": {*GROUND, *COMMANDS},
    "sources": {*FOUNDATIONS, *COMMANDS},
    "bronze": {*FOUNDATIONS, "sources"},
    "silver": {*FOUNDATIONS, *COMMANDS, "bronze"},
    "onboarding": {*FOUNDATIONS, *COMMANDS, "sources", "silver"},
    "watchlists": {*FOUNDATIONS, *COMMANDS},
    "summaries": {*FOUNDATIONS, "silver"},
    "features": {*FOUNDATIONS, "silver", "watchlists"},
    "models": FOUNDATIONS,
    "training": {*FOUNDATIONS, *COMMANDS, "silver", "features", "models"},
    "decisions": {*FOUNDATIONS, "silver", "watchlists", "features", "models"},
    "monitoring": {*FOUNDATIONS, "bronze", "silver", "features", "models", "training", "decisions"},
    "orchestration": FOUNDATIONS,
    "stack": {*GROUND, *COMMANDS, "logs", "orchestration"},
    "demo": {*FOUNDATIONS, *COMMANDS, "sources", "bronze", "silver", "training", "stack", "orchestration"},
    "streamlit_app": {*FOUNDATIONS, "bronze", "silver", "models", "training", "monitoring", "decisions"},
}
"""For each part of the product, the parts that it may import besides itself.

`definitions` and `cli` are at the top: they may import everything, and nothing imports them.
"""
TOP = {"definitions", "cli"}
WIRING_SHARES = "orchestration"
"""What the Dagster modules of every stage may import as well."""


def imports(module: Path) -> Iterator[str]:
    """The dotted names that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str | None:
    """The part of the product that a dotted name lies in; None for other packages."""
    package, _, rest = name.partition(".")
    if package in ("streamlit_app", "fraud_assets_tests", "bench"):
        return package
    return rest.split(".")[0] if package == "fraud_assets" and rest else None


def upward(root: Path) -> list[str]:
    """The imports below ``root`` that point downstream, as lines that say what is allowed."""
    found = []
    for module in (module for package in PACKAGES for module in sorted((root / package).rglob("*.py"))):
        name = str(module.relative_to(root))
        part = part_of(name.removesuffix(".py").replace("/", "."))
        if part is None or part == "__init__" or part in TOP:
            continue
        allowed = {part, *UPSTREAM.get(part, ()), *({WIRING_SHARES} if module.name in WIRING else ())}
        imported = {each for each in map(part_of, imports(module)) if each}
        found += [f"{name} imports {each}; it may import {sorted(allowed)}" for each in sorted(imported - allowed)]
    return found


def _name(module: Path) -> str:
    return str(module.relative_to(REPOSITORY))


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_a_module_says_what_belongs_in_it(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text())), f"{_name(module)} has no docstring"


@pytest.mark.parametrize("module", MODULES, ids=_name)
def test_dagster_stays_in_the_wiring(module: Path) -> None:
    if module.name in WIRING or module.parent.name in ("orchestration", "stack"):
        return
    dagster = [name for name in imports(module) if name.split(".")[0] in {"dagster", "dagster_pyspark"}]
    assert not dagster, f"{_name(module)} imports {dagster}; Dagster belongs in {', '.join(sorted(WIRING))}"


def test_imports_point_upstream() -> None:
    assert not upward(REPOSITORY)


@pytest.mark.parametrize(
    ("module", "line", "downstream"),
    [
        ("fraud_assets/declarations/tables/gold.py", "from fraud_assets.features import assets", "features"),
        ("fraud_assets/silver/commands.py", "def f():\n    from fraud_assets.training import train", "training"),
        ("fraud_assets/bronze/assets.py", "from fraud_assets import definitions", "definitions"),
        ("fraud_assets/orchestration/specs.py", "import fraud_assets.silver.step", "silver"),
        ("fraud_assets/console.py", "from fraud_assets.lake import location", "lake"),
        ("fraud_assets/new_part/step.py", "from fraud_assets.settings import settings", "settings"),
        ("fraud_assets/demo/watch.py", "from fraud_assets_tests.raw import send", "fraud_assets_tests"),
    ],
)
def test_a_planted_arrow_is_found(module: str, line: str, downstream: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, tmp_path / package)
    planted = tmp_path / module
    planted.parent.mkdir(exist_ok=True)
    planted.write_text((planted.read_text() if planted.exists() else "") + f"\n\n{line}\n")
    (found,) = {*upward(tmp_path)} - {*upward(REPOSITORY)}
    assert found.startswith(f"{module} imports {downstream};")


def test_no_part_is_upstream_of_itself() -> None:
    assert list(TopologicalSorter(UPSTREAM).static_order())


def test_every_part_has_its_place() -> None:
    parts = {path.stem for path in (REPOSITORY / "fraud_assets").iterdir() if path.stem[0] != "_"} - TOP
    assert parts == set(UPSTREAM) - {"streamlit_app"}


def test_assets_need_their_annotations() -> None:
    postponed = [
        _name(module)
        for module in MODULES
        if module.name in WIRING and "__future__.annotations" in set(imports(module))
    ]
    assert not postponed, f"Dagster cannot read postponed annotations: {postponed}"
