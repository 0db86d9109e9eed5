from fraud_assets.tables.dictionary import FILE, render


def test_the_committed_page_is_what_the_declarations_say() -> None:
    assert FILE.read_text() == render(), "docs/data-dictionary.md is not current; run: make docs"
