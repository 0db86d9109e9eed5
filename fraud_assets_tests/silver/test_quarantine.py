"""Ids of records, and raw bytes made safe to look at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_assets.errors import FraudError
from fraud_assets.silver.quarantine import Id, as_text


def test_an_id_is_read_as_it_is_written() -> None:
    assert Id.parse("cards-transactions/0/17") == Id("cards-transactions", 0, 17)
    assert str(Id("cards-transactions", 0, 17)) == "cards-transactions/0/17"


@pytest.mark.parametrize("text", ["", "cards", "cards/0", "cards/a/1", "cards/0/-1", "/0/1"])
def test_what_is_no_id_is_said(text: str) -> None:
    with pytest.raises(FraudError, match="topic/partition/offset"):
        Id.parse(text)


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b'{"a": 1}', '{"a": 1}'), (b"\xff\x00a\n", "\\xff\\x00a\\n"), ("é\u202e".encode(), "é\\u202e"), (b"", "")],
)
def test_as_text(raw: bytes, text: str) -> None:
    assert as_text(raw) == text


def test_as_text_says_when_it_was_cut() -> None:
    assert as_text(b"x" * 1500, most=3) == "xxx … (1,500 bytes)"


@given(st.binary(max_size=600))
def test_as_text_is_printable_whatever_comes(raw: bytes) -> None:
    assert as_text(raw).isprintable()
