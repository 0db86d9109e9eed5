"""A duplicate key anywhere in a table is found, whatever the size of a chunk."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from fraud_assets.declarations.tables import gold
from fraud_assets.lake import keys
from fraud_assets.lake.location import Lake

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("chunk_rows", [1_000_000, 7])
def test_duplicates_are_counted_over_all_rows(lake: Lake, monkeypatch: pytest.MonkeyPatch, chunk_rows: int) -> None:
    monkeypatch.setattr(keys, "CHUNK_ROWS", chunk_rows)
    assert keys.count_duplicates(gold.SCORES, lake) == 0
    for source, numbers in (("cards", range(50)), ("cards", (0, 7, 7)), ("other", range(10))):
        ids = [f"T{number}" for number in numbers]
        times = [START + timedelta(days=place) for place in range(len(ids))]
        frame = pl.DataFrame({"source": source, "transaction_id": ids, "event_time": times})
        frame.write_delta(lake.path(gold.SCORES), mode="append")
    assert keys.count_duplicates(gold.SCORES, lake) == 2
