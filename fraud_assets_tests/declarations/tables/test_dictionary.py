from fraud_assets.declarations.tables.dictionary import render
from fraud_assets.settings import REPOSITORY


def test_the_committed_page_is_what_the_declarations_say() -> None:
    page = (REPOSITORY / "docs/data-dictionary.md").read_text()
    assert page == render(), "docs/data-dictionary.md is not current; run: make docs"
