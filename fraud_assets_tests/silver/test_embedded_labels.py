"""A label embedded in a payment's record is one of that payment, however often its database changes it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.sources.stream import EMBEDDED
from fraud_assets.declarations.tables import silver
from fraud_assets.lake.location import Lake
from fraud_assets.silver.embedded_labels import embedded_labels
from fraud_assets_tests.lakes import write

PAID = datetime(2026, 2, 1, 12, tzinfo=UTC)
LEDGER = named("ledger")
DUE = PAID + LEDGER.label_delay
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "transaction_id": pl.String, "is_fraud": pl.Boolean, "event_time": pl.Datetime("us", "UTC"),
    "changed_at": pl.Datetime("us", "UTC"), "began": pl.Boolean, "kafka_time": pl.Datetime("us", "UTC"),
    "topic": pl.String, "partition": pl.Int32, "offset": pl.Int64,
}  # fmt: skip


def records(*told: tuple[bool | None, float], payment: str = "T", first: int = 0) -> pl.DataFrame:
    """What a database told of a payment, each with the days after it was paid; offset 0 is how it began."""
    rows = [
        {
            "transaction_id": payment, "is_fraud": label, "event_time": PAID,
            "changed_at": PAID + timedelta(days=days), "began": first + place == 0,
            "kafka_time": PAID + timedelta(days=days),
            "topic": "t", "partition": 0, "offset": first + place,
        }
        for place, (label, days) in enumerate(told)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA)


def held(lake: Lake, **columns: list[Any]) -> Lake:
    write(silver.LABELS, lake, {"source": ["ledger"] * len(columns["known_at"]), **columns})
    return lake


@pytest.fixture(scope="module")
def nothing_held(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    return held(lake, transaction_id=["other"], is_fraud=[True], known_at=[DUE], origin=[EMBEDDED])


def known(rows: pl.DataFrame) -> list[tuple[bool, datetime]]:
    return rows.sort("known_at").select("is_fraud", "known_at").rows()


MICRO = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("first", "changes", "expected"),
    [
        ([(False, 0)], [], [(False, DUE)]),
        ([(None, 0)], [], []),
        ([(None, 0)], [(True, 20)], [(True, PAID + timedelta(days=20))]),
        ([(False, 0)], [(False, 20)], [(False, DUE)]),
        ([(False, 0)], [(None, 20)], [(False, DUE)]),
        ([(False, 0)], [(True, 20)], [(False, DUE), (True, PAID + timedelta(days=20, microseconds=1))]),
        ([(False, 0)], [(True, 2)], [(False, DUE), (True, DUE + MICRO)]),
        (
            [(False, 0)],
            [(True, 2), (True, 3), (False, 4)],
            [(False, DUE), (True, DUE + MICRO), (False, DUE + 2 * MICRO)],
        ),
    ],
)  # fmt: skip
def test_a_change_revises_the_label_it_tells_another_than(
    nothing_held: Lake, first: list[Any], changes: list[Any], expected: list[Any]
) -> None:
    told = embedded_labels(records(*first), records(*changes, first=9), LEDGER, nothing_held)
    assert known(told) == expected


def test_a_change_is_compared_with_the_label_that_silver_holds(tmp_path: Path) -> None:
    lake = held(
        Lake(str(tmp_path)),
        transaction_id=["A", "A", "B", "C"],
        is_fraud=[False, True, False, True],
        known_at=[DUE, DUE + MICRO, DUE, DUE],
        origin=[EMBEDDED, EMBEDDED, EMBEDDED, "chargeback"],
        changed_at=[PAID, PAID, PAID, None],
    )
    changes = pl.concat([records((True, 20), payment=payment, first=9) for payment in "ABC"])
    told = embedded_labels(records(), changes, LEDGER, lake)
    assert sorted(told["transaction_id"]) == ["B", "C"]


def test_what_a_database_told_before_the_label_held_is_history(tmp_path: Path) -> None:
    late = PAID + timedelta(days=20)
    lake = held(
        Lake(str(tmp_path)),
        transaction_id=["T"], is_fraud=[True], known_at=[late], origin=[EMBEDDED], changed_at=[late],
    )  # fmt: skip
    assert embedded_labels(records(), records((False, 15), first=9), LEDGER, lake).is_empty()


def test_a_payment_first_heard_of_by_a_change_has_its_label_from_then(nothing_held: Lake) -> None:
    told = embedded_labels(records((True, 20), first=9), records(), LEDGER, nothing_held)
    assert known(told) == [(True, PAID + timedelta(days=20))]


def test_a_label_of_a_file_is_known_after_the_delay(nothing_held: Lake) -> None:
    paid = records((True, 0)).drop("changed_at", "began")
    assert known(embedded_labels(paid, paid.clear(), LEDGER, nothing_held)) == [(True, DUE)]


@settings(deadline=None, max_examples=40)
@given(
    told=st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(0, 12)), min_size=1, max_size=8),
    split=st.data(),
)
def test_however_a_database_s_labels_are_split_the_last_told_is_known_last(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[bool | None, int]], split: st.DataObject
) -> None:
    told = sorted(told, key=lambda label: label[1])
    lake = held(
        Lake(str(tmp_path_factory.mktemp("lake"))),
        transaction_id=["x"], is_fraud=[True], known_at=[DUE], origin=[EMBEDDED],
    )  # fmt: skip
    first, place, written = records(told[0]), 1, list[pl.DataFrame]()
    while place < len(told) or not written:
        end = split.draw(st.integers(min(place + 1, len(told)), len(told)))
        later = records(*told[place:end], first=place)
        rows = embedded_labels(first, later, LEDGER, lake).with_columns(origin=pl.lit(EMBEDDED))
        written.append(rows)
        if not rows.is_empty():
            new = rows.select("transaction_id", "is_fraud", "known_at", "origin", "changed_at")
            held(lake, **new.to_dict(as_series=False))
        first, place = records(), end
    labels = pl.concat(written)
    assert labels["known_at"].is_unique().all()
    assert (labels["known_at"] >= DUE).all()
    said = [label for label, _ in told if label is not None]
    changes = [label for place, label in enumerate(said) if place == 0 or label != said[place - 1]]
    assert [label for label, _ in known(labels)] == changes
