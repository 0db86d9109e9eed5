from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraud_assets.declarations.sources.source import named
from fraud_assets.errors import FraudError
from fraud_assets.sources.files import records
from fraud_assets.sources.sparkov.simulate import to_file

END = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["payments.csv", "payments.parquet"])
def test_a_file_holds_what_is_counted_and_can_be_replayed(tmp_path: Path, name: str) -> None:
    made = to_file(3_000, END, 0, tmp_path / name)
    found = list(records(tmp_path / name, named("sparkov").transactions))
    assert len(found) == made.records == 3_000
    assert sum(record.fraud for record in found) == made.frauds > 0
    assert all(record.whole for record in found)


def test_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FraudError, match="there is no folder"):
        to_file(1, END, 0, tmp_path / "no" / "payments.csv")
    with pytest.raises(FraudError, match=r"must end in \.csv or \.parquet"):
        to_file(1, END, 0, tmp_path / "payments.json")
