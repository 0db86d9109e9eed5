import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from fraud_assets.cli import app
from fraud_assets.settings import RENAMED, REPOSITORY, Settings

PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data_lake/README.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
COMMANDS = typer.main.get_group(app).commands


each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))


def anchors(page: Path) -> Iterator[str]:
    """The anchors GitHub gives a page's headings."""
    for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def commands(text: str) -> list[str]:
    """What stands in code blocks without a language and in `code`."""
    fences = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
    blocks = [block for language, block in fences.findall(text) if not language]
    rest = fences.sub("", text)
    return [*blocks, *re.findall(r"`([^`]+)`", rest)]


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), f"{target} does not exist"
        assert not anchor or anchor in anchors(linked), f"{target}: no such heading"


@each_page
def test_the_commands_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join(commands(page.read_text()))
    for target in re.findall(r"^make (?:[A-Z]+=\S+ )?([a-z]+)", code, re.MULTILINE):
        assert target in targets, f"make {target}"
    for name in re.findall(r"\bfraud ([a-z]+)", code):
        assert name in COMMANDS, f"fraud {name}"


@each_page
def test_the_settings_exist(page: Path) -> None:
    known = {str(field.validation_alias or f"FRAUD_{name.upper()}") for name, field in Settings.model_fields.items()}
    named = set(re.findall(r"\b(FRAUD_[A-Z_]+[A-Z])\b", page.read_text())) - {"FRAUD_TEST_STACK"}
    assert named <= known | (RENAMED.keys() if page.name == "CHANGELOG.md" else set())


def test_the_readme_names_every_command() -> None:
    text = (REPOSITORY / "README.md").read_text()
    for name in COMMANDS:
        assert f"`fraud {name}" in text, name


def test_the_glossary_names_files_that_exist() -> None:
    glossary = (REPOSITORY / "docs/glossary.md").read_text()
    assert len(glossary.splitlines()) <= 40
    for path in re.findall(r"\| `([\w/.]+)` \|$", glossary, re.MULTILINE):
        assert (REPOSITORY / "fraud_assets" / path).exists(), path
