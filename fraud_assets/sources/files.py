"""Files of payments as a stream of Kafka records, in constant memory: CSV, JSON lines, Parquet; gzip too.

What belongs here: from a file's rows to a source's records. A line that already is a record in the source's format is
sent as it stands, so that what is wrong with it is found where every record is judged: in silver.
"""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import orjson
import polars as pl
import pyarrow.parquet as pq

from fraud_assets.declarations.sources.stream import ROW_NUMBER, Stream
from fraud_assets.errors import FraudError

CHUNK = 20_000
"""Records that are read at a time."""
TRUE = frozenset(text for word in ("1", "1.0", "true", "t", "yes", "y") for text in (word, word.title(), word.upper()))
"""Texts that mean fraud."""
BEYOND = "beyond_the_header"
"""The field with the values of a CSV row that has more than its header names."""
_TRUE_BYTES = frozenset(text.encode() for text in TRUE)


class Record(NamedTuple):
    """One record for Kafka; ``fraud`` is its embedded label, ``whole`` whether every declared field has a value."""

    key: str | bytes | None
    value: bytes
    fraud: bool
    whole: bool


def kind(path: Path) -> str:
    """The format that the file's name ends with: csv, json or parquet."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    format_ = {".csv": "csv", ".txt": "csv", ".psv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json",
             ".ndjson": "json", ".parquet": "parquet"}.get(suffixes[-1] if suffixes else "")  # fmt: skip
    if not path.is_file():
        raise FraudError(f"no file {path}")
    if format_ is None:
        raise FraudError(f"unknown format: {path.name}; the name must end in .csv, .jsonl or .parquet (or .gz)")
    return format_


def records(path: Path, stream: Stream) -> Iterator[Record]:
    """The file's rows as records of the stream.

    Raises:
        FraudError: there is no such file, its kind is not known, or its header is not what the source declares.
    """
    reader: Callable[[Path, Stream], Iterator[Record]] = {
        ("csv", "csv"): _csv_lines,
        ("json", "json"): _json_lines,
        ("json", "debezium"): _change_lines,
    }.get((kind(path), stream.format), _converted)
    return reader(path, stream)


def rows(path: Path, separator: str = ",") -> Iterator[dict[str, Any]]:
    """The file's rows by field, values as the file gives them (texts from CSV); `BEYOND` holds those without a name."""
    format_ = kind(path)
    if format_ == "parquet":
        for batch in pq.ParquetFile(path).iter_batches(CHUNK):
            yield from batch.to_pylist()
        return
    with opened(path) as lines:
        if format_ == "csv":
            text = io.TextIOWrapper(lines, "utf-8-sig", "replace", newline="")
            yield from csv.DictReader(text, restkey=BEYOND, delimiter=separator)
        else:
            yield from (orjson.loads(line) for line in lines if line.strip())


def opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is packed."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def encoder(stream: Stream) -> Callable[[list[Any]], bytes]:
    """How the values of a row, in the order of the stream's fields, become a record's bytes."""
    if stream.format == "csv":
        return lambda values: csv_line(values, stream.separator)
    if stream.format == "debezium":
        return lambda values: orjson.dumps(
            {"before": None, "after": dict(zip(stream.fields, values, strict=True)), "op": "r", "ts_ms": None}
        )
    return lambda values: orjson.dumps(
        {name: value for name, value in zip(stream.fields, values, strict=True) if value is not None}
    )


def csv_line(values: Iterable[Any], separator: str) -> bytes:
    """Values as a line of CSV, quoted where they must be."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="").writerow(values)
    return text.getvalue().encode()


def split(line: bytes, separator: str) -> list[str]:
    """The fields of one CSV record."""
    text = line.decode("utf-8", "replace")
    return text.split(separator) if '"' not in text else next(csv.reader([text], delimiter=separator), [])


def _csv_lines(path: Path, stream: Stream) -> Iterator[Record]:
    """A CSV file as a CSV source's records: each line as it stands, without its end."""
    key = stream.fields.index(stream.key) if stream.key else None
    label = stream.fields.index(stream.label_field) if stream.label_field else None
    width, separator = len(stream.fields), stream.separator.encode()
    with opened(path) as lines:
        records = _csv_records(lines)
        header = split(next(records, b"").removeprefix(b"\xef\xbb\xbf"), stream.separator)
        if tuple(name.strip() for name in header) != stream.fields:
            raise FraudError(
                f"{path.name}: its first line is not the fields of the source separated by '{stream.separator}'\n"
                f"found {stream.separator.join(header)[:80]!r}, declared {stream.separator.join(stream.fields)[:80]!r}"
            )
        for line in records:
            values = line.split(separator) if b'"' not in line else _unquoted(line, stream.separator)
            sound = len(values) == width
            yield Record(
                values[key] if sound and key is not None else None,
                line,
                sound and label is not None and values[label] in _TRUE_BYTES,
                sound and b"" not in values,
            )


def _unquoted(line: bytes, separator: str) -> list[bytes]:
    return [value.encode() for value in split(line, separator)]


def _csv_records(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, empty ones left out; those that a quoted field runs over are one."""
    unfinished = b""
    for line in lines:
        if unfinished or b'"' in line:
            unfinished += line
            if unfinished.count(b'"') % 2:
                continue
            line, unfinished = unfinished, b""
        if stripped := line.rstrip(b"\r\n"):
            yield stripped
    if unfinished:
        yield unfinished.rstrip(b"\r\n")


def _json_lines(path: Path, stream: Stream) -> Iterator[Record]:
    """JSON lines as a JSON source's records: each line as it stands."""
    return _objects(path, stream, lambda content: content)


def _change_lines(path: Path, stream: Stream) -> Iterator[Record]:
    """JSON lines as the changes of a database: each line as it stands."""

    def row(content: dict[str, Any]) -> Any:
        change = content.get("payload") or content
        return change.get("after") or change.get("before")

    return _objects(path, stream, row)


def _objects(path: Path, stream: Stream, row: Callable[[dict[str, Any]], Any]) -> Iterator[Record]:
    label, width = stream.label_field, len(stream.fields)
    with opened(path) as lines:
        for line in lines:
            if not (line := line.strip()):
                continue
            try:
                content = row(orjson.loads(line))
            except (orjson.JSONDecodeError, AttributeError):
                content = None
            if not isinstance(content, dict):
                yield Record(None, line, False, False)
                continue
            key = content.get(stream.key) if stream.key else None
            fraud = label is not None and str(content.get(label)) in TRUE
            whole = len(content) >= width and None not in content.values()
            yield Record(None if key is None else str(key), line, fraud, whole)


def _converted(path: Path, stream: Stream) -> Iterator[Record]:
    """Any file's rows in the source's format: the declared fields, and the row's number where that is one."""
    numbered = ROW_NUMBER in stream.fields
    encode, at = encoder(stream), 0
    for frame in _frames(path, stream):
        if numbered and ROW_NUMBER not in frame.columns:
            frame = frame.with_row_index(ROW_NUMBER, at)
        if lacking := [field for field in stream.fields if field not in frame.columns]:
            raise FraudError(
                f"{path.name} lacks {', '.join(map(repr, lacking[:5]))}, declared by the source\n"
                f"it has {', '.join(frame.columns)[:120]}"
            )
        at += frame.height
        yield from _encoded(frame.select(_plain(frame, stream)), stream, encode)


def _frames(path: Path, stream: Stream) -> Iterator[pl.DataFrame]:
    if kind(path) == "parquet":
        for batch in pq.ParquetFile(path).iter_batches(CHUNK):
            yield pl.DataFrame(batch)
        return
    remaining = rows(path, stream.separator)
    while chunk := list(islice(remaining, CHUNK)):
        yield pl.DataFrame(chunk, infer_schema_length=None)


def _plain(frame: pl.DataFrame, stream: Stream) -> list[pl.Expr]:
    """The declared fields; times as ISO 8601 texts in UTC."""
    times = [name for name in stream.fields if isinstance(frame.schema[name], pl.Datetime)]
    return [
        pl.col(name).dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ") if name in times else pl.col(name)
        for name in stream.fields
    ]


def _encoded(frame: pl.DataFrame, stream: Stream, encode: Callable[[list[Any]], bytes]) -> Iterator[Record]:
    texts = frame.select(pl.all().cast(pl.String))
    keys = texts[stream.key].to_list() if stream.key else [None] * frame.height
    label = stream.label_field
    frauds = texts[label].is_in(list(TRUE)).fill_null(False) if label else [False] * frame.height
    whole = frame.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    if stream.format == "json":
        values: Iterable[bytes] = frame.select(pl.struct(pl.all()).struct.json_encode().cast(pl.Binary)).to_series()
    else:
        values = (encode(list(row)) for row in frame.iter_rows())
    yield from map(Record, keys, values, frauds, whole)
