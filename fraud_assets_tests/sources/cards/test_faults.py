from collections import Counter
from datetime import date, datetime

import orjson
import polars as pl
import pytest

from fraud_assets.sources.cards.draws import Purpose, stream
from fraud_assets.sources.cards.faults import KINDS, with_faults
from fraud_assets.sources.cards.payments import payments_of_day
from fraud_assets.sources.cards.records import encode, to_wire
from fraud_assets.sources.cards.world import World

WIRE = to_wire(payments_of_day(World(5_000, 10_000), date(2026, 8, 1)))
TRUE = encode(WIRE, "customer_id")


def faulty(
    malformed: float = 0.02, duplicates: float = 0.01, wire: pl.DataFrame = WIRE
) -> tuple[pl.DataFrame, Counter[str]]:
    return with_faults(wire, malformed, duplicates, stream(0, Purpose.FAULTS, 1))


def test_no_shares_no_faults() -> None:
    records, counts = faulty(0.0, 0.0)
    assert records.equals(TRUE)
    assert sum(counts.values()) == 0


def test_faults_are_deterministic_and_added_to_complete_rows_in_order() -> None:
    records, counts = faulty()
    assert records.equals(faulty()[0])
    assert records.height == WIRE.height + sum(counts.values())
    assert records.filter(pl.col("value").is_in(TRUE["value"].implode())).unique(maintain_order=True).equals(TRUE)


def test_shares_are_kept_and_every_kind_occurs() -> None:
    _, counts = faulty()
    assert counts["duplicates"] == pytest.approx(0.01 * WIRE.height, rel=0.4)
    assert sum(counts[kind] for kind in KINDS) == pytest.approx(0.02 * WIRE.height, rel=0.3)
    assert min(counts[kind] for kind in KINDS) > 20


def test_duplicates_are_exact() -> None:
    records, counts = faulty(malformed=0.0)
    assert records.height - records.unique().height == counts["duplicates"] > 0


def test_malformed_records_are_wrong_in_the_way_counted() -> None:
    records, counts = faulty(duplicates=0.0)
    found = dict.fromkeys(KINDS, 0)
    for key, value in records.join(TRUE, on="value", how="anti").iter_rows():
        try:
            record = orjson.loads(value)
        except orjson.JSONDecodeError:
            found["not_json"] += 1
            continue
        assert record["transaction_id"].endswith("-malformed")
        if "customer_id" not in record:
            assert key is None
            found["missing_customer_id"] += 1
        elif record["amount"] < 0:
            found["negative_amount"] += 1
        else:
            with pytest.raises(ValueError, match="day is out of range"):
                datetime.fromisoformat(record["event_time"])
            found["impossible_date"] += 1
    assert found == {kind: counts[kind] for kind in KINDS}


def test_a_longer_batch_keeps_the_faults_of_a_shorter_one() -> None:
    short, _ = faulty(duplicates=0.0, wire=WIRE.head(3_000))
    assert faulty(duplicates=0.0)[0].head(short.height).equals(short)
