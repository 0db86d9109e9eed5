import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from fraud_assets.declarations.sources.source import Source, load, named
from fraud_assets.errors import FraudError
from fraud_assets.onboarding.draft import draft, guess, look, time_format
from fraud_assets.settings import REPOSITORY

ROW = {"payment_id": "p1", "paid_at": "2024-05-06T07:08:09Z", "card_number": "4711", "shop_id": "s1", "amount": 2.5,
       "is_fraud": 0, "note": "hello: there"}  # fmt: skip


def drafted(folder: Path, sample: Path) -> Source:
    (folder / "shop.yaml").write_text(draft("shop", look(sample)))
    return load(folder / "shop.yaml")


@pytest.mark.parametrize("name", ["s.csv", "s.jsonl", "s.parquet"])
def test_a_draft_can_be_loaded_whatever_the_sample_is(tmp_path: Path, name: str) -> None:
    sample, frame = tmp_path / name, pl.DataFrame([ROW])
    writers: dict[str, Callable[[Path], object]] = {
        "s.csv": frame.write_csv,
        "s.jsonl": frame.write_ndjson,
        "s.parquet": frame.write_parquet,
    }
    writers[name](sample)
    source = drafted(tmp_path, sample)
    stream = source.transactions
    assert stream.fields == tuple(ROW)
    assert stream.format == ("csv" if name == "s.csv" else "json")
    assert stream.columns == {
        "transaction_id": "payment_id",
        "event_time": "paid_at",
        "customer_id": "sha2(nullif(trim(card_number), ''), 256)",
        "merchant_id": "shop_id",
        "amount": "amount",
        "is_fraud": "is_fraud",
    }
    assert stream.key == "card_number"
    assert source.began.isoformat() == "2024-01-01T00:00:00+00:00"
    assert "# not used: note;" in (tmp_path / "shop.yaml").read_text()


def test_the_tutorial_s_sample_is_recognised_as_it_says(tmp_path: Path) -> None:
    tutorial = (REPOSITORY / "docs/tutorial-new-source.md").read_text()
    (tmp_path / "teashop.csv").write_text(tutorial.split("<<'END'\n")[1].split("END\n")[0])
    stream = drafted(tmp_path, tmp_path / "teashop.csv").transactions
    assert set(stream.fields) - {"tea", "shade", "card"} <= set(stream.columns.values())
    assert stream.columns["customer_id"] == "sha2(nullif(trim(card), ''), 256)"
    assert (stream.separator, stream.time.format) == (";", "dd.MM.yyyy HH:mm")
    assert "# not used: tea, shade;" in (tmp_path / "shop.yaml").read_text()


def test_a_separator_is_seen(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("id;at;who\n1;2024-01-01;me\n")
    assert drafted(tmp_path, tmp_path / "s.csv").transactions.separator == ";"


def test_changes_of_a_database_are_seen(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text(json.dumps({"payload": {"before": None, "after": ROW, "op": "c"}}))
    stream = drafted(tmp_path, tmp_path / "s.jsonl").transactions
    assert (stream.format, stream.fields) == ("debezium", tuple(ROW))


def test_what_is_not_recognised_stays_empty_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text('first name,on,"a ""b"""\nx,y,z\n')
    stream = drafted(tmp_path, tmp_path / "s.csv").transactions
    assert stream.fields == ("first name", "on", 'a "b"')
    assert stream.columns == dict.fromkeys(
        ["transaction_id", "event_time", "customer_id", "merchant_id", "amount"], "null"
    )
    assert "which field has it?" in (tmp_path / "shop.yaml").read_text()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-01-01 10:00:00"], "iso"),
        (["31.12.2024 10:00"], "dd.MM.yyyy HH:mm"),
        (["12/31/2024 10:00:00"], "MM/dd/yyyy HH:mm:ss"),
        (["1714979289", "1714979290.5"], "seconds"),
        (["1714979289000"], "milliseconds"),
        (["1714979289000000"], "microseconds"),
        (["1714979289", "yesterday"], "iso"),
        ([], "iso"),
    ],
)
def test_a_time_s_format_is_seen_in_its_values(values: list[str], expected: str) -> None:
    assert time_format(values) == expected


def test_the_catalogue_s_own_fields_are_recognised() -> None:
    stream = named("sparkov_sample").transactions
    found = guess(list(stream.fields))
    assert found["transaction_id"] == "trans_num"
    assert found["event_time"] == "trans_ts"
    assert found["customer_id"] == "cc_num"
    assert {"merchant_latitude": "merch_lat", "amount": "amt", "is_fraud": "is_fraud"}.items() <= found.items()


@pytest.mark.parametrize(("name", "content"), [("s.jsonl", "no JSON"), ("s.csv", "a,b\n"), ("s.jsonl", "[1]")])
def test_a_sample_without_rows_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(FraudError, match=name):
        look(tmp_path / name)
