"""What is in quarantine, by reason and by record."""

from datetime import UTC, datetime, timedelta

import polars as pl

from streamlit_app.queries.quarantine import by_reason, editable, in_quarantine, newest

START = datetime(2026, 1, 1, tzinfo=UTC)
CASES = pl.LazyFrame(
    {
        "stream": ["transactions"] * 3,
        "state": ["open", "waiting", "discarded"],
        "reasons": [["not JSON"], ["not JSON", "amount is negative"], ["amount is negative"]],
        "topic": ["cards"] * 3,
        "partition": [0] * 3,
        "offset": [1, 2, 3],
        "value": [b"\xff", None, b"x"],
        "quarantined_at": [START + timedelta(seconds=s) for s in (0, 1, 2)],
        "who": [None, "ann", "bob"],
        "why": [None, "mended", "a test"],
    }
)


def test_discarded_records_are_not_in_quarantine() -> None:
    assert in_quarantine(CASES) == 2
    assert by_reason(CASES).select("reason", "records").rows() == [("not JSON", 2), ("amount is negative", 1)]


def test_the_newest_records_are_listed_first() -> None:
    cases = newest(CASES, most=2)
    assert cases["offset"].to_list() == [3, 2]
    assert cases["value"].to_list() == ["x", "(no value)"]
    assert cases["reasons"][1] == "not JSON; amount is negative"


def test_only_text_can_be_edited() -> None:
    assert editable("é".encode()) == "é"
    assert editable(b"\xff") is None
    assert editable(None) is None
