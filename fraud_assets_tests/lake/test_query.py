"""SQL over the lake answers by table names, reads nothing else, and writes nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fraud_assets.declarations.tables import bronze
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.lake.query import Answer, query
from fraud_assets_tests.lakes import write

AT = datetime(2026, 1, 1, 9, tzinfo=UTC)


@pytest.fixture
def filled(lake: Lake) -> Lake:
    rows = {"source": "cards", "topic": "t", "offset": [0, 1], "value": [b"{}", b"\xff"], "kafka_time": [AT, AT]}
    write(bronze.TRANSACTIONS, lake, rows)
    return lake


def test_a_table_answers_by_its_name_and_as_json(filled: Lake) -> None:
    sql = """select "offset", "value", kafka_time, 'nan'::double as nan, ['inf'::double, 1.5] as floats,
             date '2026-01-02' as day, 170141183460469231731::hugeint as huge,
             2.50::decimal(9, 2) as money, 12.34::float as single, null::float as none, {'a': null} as nested
             from bronze.transactions where date_trunc('day', kafka_time) = '2026-01-01' order by 1"""
    first, second = json.loads(query(sql, filled).json(), parse_constant=pytest.fail)
    assert first == {
        "offset": 0, "value": "{}", "kafka_time": AT.isoformat(), "nan": None, "floats": [None, 1.5],
        "day": "2026-01-02", "huge": 170141183460469231731, "money": 2.5, "single": 12.34, "none": None,
        "nested": {"a": None},
    }  # fmt: skip
    assert second["value"] == "base64:/w=="
    assert query("describe bronze.transactions", filled).rows[0][0] == "source"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "no statement; give one"),
        ("select 1; select 2", "found 2 statements; give one at a time"),
        ("copy (select 1) to '{file}'", "it only reads, and COPY does not; .*`fraud export`"),
        ("attach '{file}' as other", "it only reads, and ATTACH does not"),
        ("install httpfs", "it only reads, and INSTALL does not"),
        ("set enable_external_access = true", "it only reads, and SET does not"),
        ("explain analyze copy (select 1) to '{file}'", "reads the lake's tables and no files"),
        ("select * from read_csv('{here}')", "reads the lake's tables and no files: .*Cannot access file"),
        ("select * from '{here}'", "Table with name .* does not exist"),
        ("select nope", "nope"),
        ("select * from transactionz", "Table .* does not exist; did you mean .*bronze.transactions"),
        ("select t.topik from bronze.transactions t", 'column named "topik"; did you mean topic'),
        ("select * from gold.scores", "gold.scores is empty so far; run `make demo` or `fraud up`"),
    ],
)
def test_what_does_not_read_the_lake_is_refused(filled: Lake, tmp_path: Path, sql: str, said: str) -> None:
    file = tmp_path / "written"
    with pytest.raises(FraudError, match=f"^query: .*{said}"):
        query(sql.format(file=file, here=__file__), filled)
    assert not file.exists()


def test_tables_are_shown_by_the_names_that_a_query_takes(filled: Lake, tmp_path: Path) -> None:
    assert query("show tables", filled).rows == [("bronze.transactions",)]
    with pytest.raises(FraudError, match="no tables so far; run `make demo`"):
        query("SHOW TABLES;", Lake(str(tmp_path / "none")))


def test_no_rows_are_an_empty_list() -> None:
    assert Answer(["a"], []).json() == "[]"
