from fraud_assets.settings import REPOSITORY
from fraud_assets.tables.dictionary import render


def test_the_committed_page_is_what_the_declarations_say() -> None:
    page = (REPOSITORY / "docs/data-dictionary.md").read_text()
    assert page == render(), "docs/data-dictionary.md is not current; run: make docs"
