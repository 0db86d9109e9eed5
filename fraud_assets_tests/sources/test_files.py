import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.sources.stream import Stream
from fraud_assets.errors import FraudError
from fraud_assets.sources.files import BEYOND, Record, kind, records, rows

STREAM = Stream(
    topic="t", format="csv", separator="|", fields=("id", "who", "sum", "bad"), key="who", columns={"is_fraud": "bad"}
)
HEADER = b"id|who|sum|bad\n"


def as_(format_: str, *fields: str) -> Stream:
    return Stream(
        topic="t", format=format_, fields=fields or STREAM.fields, key="who", columns={"is_fraud": "bad"}  # type: ignore[arg-type]
    )  # fmt: skip


def test_csv_lines_are_sent_as_they_stand(tmp_path: Path) -> None:
    lines = [b"1|ann|2.50|0", b'2|"b|ob"|3|1', b'3|"two\nlines"|4|0', b"4|too|few", b"5|eve||True"]
    path = tmp_path / "payments.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + HEADER + b"\r\n".join(lines) + b"\n\n"))
    assert list(records(path, STREAM)) == [
        Record(b"ann", lines[0], False, True),
        Record(b"b|ob", lines[1], True, True),
        Record(b"two\nlines", lines[2], False, True),
        Record(None, lines[3], False, False),
        Record(b"eve", lines[4], True, False),
    ]


def test_a_quote_that_never_closes_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_bytes(HEADER + b'1|"ann|2|0\n2|bob|3|0\n')
    (record,) = records(path, STREAM)
    assert record.value == b'1|"ann|2|0\n2|bob|3|0'


def test_json_lines_are_sent_as_they_stand(tmp_path: Path) -> None:
    sound, lacking = b'{"id": 1, "who": 7, "sum": 2, "bad": true}', b'{"id": 1, "who": null}'
    path = tmp_path / "payments.jsonl"
    path.write_bytes(b"\n".join([sound, b"", lacking, b"no JSON", b"[1]"]))
    assert list(records(path, as_("json"))) == [
        Record("7", sound, True, True),
        Record(None, lacking, False, False),
        Record(None, b"no JSON", False, False),
        Record(None, b"[1]", False, False),
    ]


def test_changes_are_keyed_by_their_row(tmp_path: Path) -> None:
    row = {"id": 1, "who": 7, "sum": 2, "bad": 0}
    changes = [{"before": None, "after": row, "op": "c"}, {"payload": {"before": row, "after": None, "op": "d"}}]
    path = tmp_path / "changes.json"
    path.write_text("\n".join(map(json.dumps, changes)))
    assert [record.key for record in records(path, as_("debezium"))] == ["7", "7"]


def test_parquet_becomes_the_source_s_format_with_rows_numbered(tmp_path: Path) -> None:
    path = tmp_path / "payments.parquet"
    frame = pl.DataFrame(
        {"who": ["a", "b|c"], "at": [datetime(2026, 1, 1, tzinfo=UTC)] * 2, "sum": [1.5, None], "bad": [1, 0], "z": 1}
    )
    frame.write_parquet(path, row_group_size=1)
    as_json = list(records(path, as_("json", "row_number", "who", "at", "sum", "bad")))
    assert [json.loads(record.value) for record in as_json] == [
        {"row_number": 0, "who": "a", "at": "2026-01-01T00:00:00Z", "sum": 1.5, "bad": 1},
        {"row_number": 1, "who": "b|c", "at": "2026-01-01T00:00:00Z", "sum": None, "bad": 0},
    ]
    assert [(record.key, record.fraud, record.whole) for record in as_json] == [
        ("a", True, True),
        ("b|c", False, False),
    ]
    as_csv = [record.value for record in records(path, STREAM.model_copy(update={"fields": ("who", "sum", "bad")}))]
    assert as_csv == [b"a|1.5|1", b'"b|c"||0']
    (first, _) = records(path, as_("debezium", "who", "sum", "bad"))
    assert json.loads(first.value)["after"] == {"who": "a", "sum": 1.5, "bad": 1}


def test_csv_becomes_json_where_the_source_is_json(tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_text("id,who,sum,bad\n1,ann,2,0\n")
    (record,) = records(path, as_("json"))
    assert json.loads(record.value) == {"id": "1", "who": "ann", "sum": "2", "bad": "0"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.csv", None, "no file"),
        ("what.xlsx", b"", "the name must end in .csv, .jsonl or .parquet"),
        ("other.csv", b"a,b\n1,2\n", "its first line is not the fields of the source separated by '|'"),
        ("empty.csv", b"", "its first line is not the fields"),
    ],
)
def test_a_file_that_is_not_the_source_s_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FraudError) as error:
        list(records(path, STREAM))
    assert message in str(error.value)


def test_a_field_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "payments.parquet"
    pl.DataFrame({"id": [1]}).write_parquet(path)
    with pytest.raises(FraudError, match="lacks 'who', 'sum', 'bad'"):
        list(records(path, as_("json")))


def test_rows_are_the_same_however_they_are_written(tmp_path: Path) -> None:
    expected = [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]
    frame = pl.DataFrame(expected)
    frame.write_parquet(tmp_path / "f.parquet")
    frame.write_ndjson(tmp_path / "f.jsonl")
    frame.write_csv(tmp_path / "f.csv")
    for name in ("f.parquet", "f.jsonl", "f.csv"):
        assert list(rows(tmp_path / name)) == expected
        assert kind(tmp_path / name) in {"parquet", "json", "csv"}


def test_values_beyond_the_header_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "ragged.csv"
    file.write_text("a,b\n1,2,3\n4,5\n")
    assert list(rows(file)) == [{"a": "1", "b": "2", BEYOND: ["3"]}, {"a": "4", "b": "5"}]


def test_a_catalogue_source_reads_its_own_layout(tmp_path: Path) -> None:
    stream = named("sparkov").transactions
    path = tmp_path / "raw.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="|")
        writer.writerow(stream.fields)
        writer.writerow(stream.fields)
    (record,) = records(path, stream)
    assert record.key == b"cc_num"
