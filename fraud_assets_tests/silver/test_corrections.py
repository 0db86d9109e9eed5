"""However a database's changes arrive, silver and features end as if they had come in order."""

import random
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import Table, gold, silver
from fraud_assets.features.batch import step as features
from fraud_assets.features.batch.plan import Plan, widened
from fraud_assets.lake import reads, writing
from fraud_assets.lake.location import Lake
from fraud_assets.silver import step
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets_tests import pipeline
from fraud_assets_tests.lakes import copied
from fraud_assets_tests.raw import change, day, records, send

pytestmark = pytest.mark.stack

LEDGER = named("ledger")


def world(seed: int) -> list[dict[str, Any]]:
    """The changes of some payments in the order in which the database made them."""
    draw, told = random.Random(seed), list[dict[str, Any]]()
    for number in range(24):
        other: dict[str, Any] = {}
        for op in draw.choice(["c", "r", "cu", "cuu", "cd", "cud", "cdc", "cuduu", "d", "crr"]):
            if op == "u":
                other |= draw.choice(
                    [
                        {"amount": round(draw.uniform(1, 99), 2)},
                        {"customer_id": draw.randrange(3), "merchant_id": draw.randrange(2)},
                        {"paid_at": day(draw.uniform(0, 40))},
                    ]
                )
            told.append(change(op, number, len(told), **other))
    return told


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    return frame.collect()


def expected(told: list[dict[str, Any]]) -> pl.DataFrame:
    """What the last change of each payment says."""
    last = {(row := c["before"] if c["op"] == "d" else c["after"])["id"]: (c, row) for c in told}
    return pl.DataFrame(
        [
            (str(number), row["paid_at"], str(row["customer_id"]), str(row["merchant_id"]), float(row["amount"]),
             change["op"], change["ts_ms"], change["ts_ms"] if change["op"] == "d" else None)
            for number, (change, row) in last.items()
        ],
        schema=["transaction_id", "event_time", "customer_id", "merchant_id", "amount", "op", "changed", "deleted"],
        orient="row",
    ).sort("transaction_id")  # fmt: skip


def assert_as_in_order(lake: Lake, told: list[dict[str, Any]]) -> None:
    assert all(stream.balanced for stream in reconcile("ledger", lake))
    held = rows(silver.TRANSACTIONS, lake).sort("transaction_id")
    says = held.select(
        "transaction_id",
        pl.col("event_time").dt.epoch("us"),
        "customer_id",
        "merchant_id",
        "amount",
        op=pl.col("attributes").map.get("op"),
        changed=pl.col("changed_at").dt.epoch("ms"),
        deleted=pl.col("deleted_at").dt.epoch("ms"),
    )
    assert_frame_equal(says, expected(told))
    plan, paid = Plan.of(LEDGER), held.filter(pl.col("deleted_at").is_null())
    none = rows(silver.LABELS, lake).select("transaction_id", "is_fraud", "known_at")
    right = widened(plan.evaluate(paid.select(plan.needed), none, plan.baseline(paid.lazy())))
    found = reads.not_deleted(rows(gold.FEATURES, lake).lazy()).collect()
    columns = ["transaction_id", "event_time", "customer_id", "merchant_id", *NAMES]
    assert_frame_equal(
        found.select(columns).sort("transaction_id"),
        right.select(columns).sort("transaction_id"),
        check_exact=False,
        rel_tol=1e-9,
        abs_tol=1e-9,
    )


@pytest.fixture(scope="module")
def fresh_lakes(empty_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    root = tmp_path_factory.mktemp("lakes")
    return (copied(empty_tables, root / str(number)) for number in count())


@pytest.mark.slow
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.floats(0.2, 0.9), min_size=1, max_size=2))
def test_any_order_and_any_split_end_as_in_order(
    spark: SparkSession, fresh_lakes: Iterator[Lake], seed: int, cuts: list[float]
) -> None:
    assert_any_order_ends_as_in_order(spark, next(fresh_lakes), seed, cuts)


@pytest.mark.slow
def test_any_order_ends_as_in_order_on_spark(
    spark: SparkSession, tables: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (step, features):
        monkeypatch.setattr(module, "IN_PROCESS_ROWS", 0)
    monkeypatch.setattr(pipeline, "MAX_ROWS_IN_MEMORY", 0)
    assert_any_order_ends_as_in_order(spark, tables, seed=1, cuts=[0.6])


def assert_any_order_ends_as_in_order(spark: SparkSession, lake: Lake, seed: int, cuts: list[float]) -> None:
    told = world(seed)
    arriving = random.Random(seed).sample(told, len(told))
    places = [0, *sorted(round(cut * len(told)) for cut in cuts), len(told)]
    for begin, end in pairwise(places):
        send(lake, "transactions", records(arriving[begin:end], begin), "ledger")
        bronze_to_silver(spark, LEDGER, "transactions", lake)
        features.compute(spark, LEDGER, lake, pipeline.MAX_ROWS_IN_MEMORY)
    assert_as_in_order(lake, told)


def test_every_record_is_a_row_a_duplicate_or_a_correction(spark: SparkSession, tables: Lake) -> None:
    told = [change("c", 0, 1), change("c", 0, 1), change("r", 0, 5), change("u", 0, 3, amount=13), None]
    send(tables, "transactions", records(told), "ledger")
    first = bronze_to_silver(spark, LEDGER, "transactions", tables)
    tables_written = (silver.TRANSACTIONS, silver.DUPLICATES, silver.CORRECTIONS, silver.QUARANTINE)
    assert [first.written[table] for table in tables_written] == [1, 1, 2, 1]
    assert rows(silver.TRANSACTIONS, tables)["amount"].to_list() == [10.0]

    send(tables, "transactions", records([change("u", 0, 6, amount=14), change("r", 0, 5)], 5), "ledger")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "merge_spark", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bronze_to_silver(spark, LEDGER, "transactions", tables)
    assert all(stream.balanced for stream in reconcile("ledger", tables))
    assert sorted(rows(silver.CORRECTIONS, tables)["offset"]) == [2, 3, 5]
    assert sorted(rows(silver.DUPLICATES, tables)["offset"]) == [1, 6]
    assert bronze_to_silver(spark, LEDGER, "transactions", tables).updated[silver.TRANSACTIONS] == 1
    (row,) = rows(silver.TRANSACTIONS, tables).to_dicts()
    assert (row["amount"], row["offset"], row["corrected_at"] is None) == (14.0, 0, False)
    assert all(stream.balanced for stream in reconcile("ledger", tables))
    assert bronze_to_silver(spark, LEDGER, "transactions", tables).versions == "nothing new"


def test_decisions_stay_and_recomputed_features_say_so(spark: SparkSession, tables: Lake) -> None:
    lake = tables
    send(tables, "transactions", records([change("c", number, number) for number in range(4)]), "ledger")
    bronze_to_silver(spark, LEDGER, "transactions", lake)
    assert features.compute(spark, LEDGER, lake, pipeline.MAX_ROWS_IN_MEMORY).written[gold.FEATURES] == 4
    later = [change("u", 0, 10, amount=50.0), change("d", 1, 11), change("c", 4, 12)]
    send(tables, "transactions", records(later, 4), "ledger")
    bronze_to_silver(spark, LEDGER, "transactions", lake)
    found = features.compute(spark, LEDGER, lake, pipeline.MAX_ROWS_IN_MEMORY)
    held = rows(gold.FEATURES, tables).sort("transaction_id")
    recomputed = held.filter(pl.col("recomputed_at").is_not_null())["transaction_id"].to_list()
    assert (found.written[gold.FEATURES], held["deleted_at"].is_not_null().to_list()) == (
        1,
        [False, True, False, False, False],
    )
    assert {"0", "1"} <= set(recomputed)
    assert held["amount"][0] == 50.0
    assert features.compute(spark, LEDGER, lake, pipeline.MAX_ROWS_IN_MEMORY).versions == "nothing new"


def test_a_change_revises_the_embedded_label(spark: SparkSession, tables: Lake) -> None:
    told = LEDGER.transactions
    described = told.model_copy(
        update={"fields": [*told.fields, "is_fraud"], "columns": told.columns | {"is_fraud": "is_fraud"}}
    )
    labelled = LEDGER.model_copy(update={"transactions": described})
    in_delay, after_it = 86_400, 100 * 86_400
    changes = [
        [change("c", 0, 0, is_fraud=False), change("c", 1, 1, is_fraud=False), change("u", 0, in_delay, is_fraud=True)],
        [change("u", 1, after_it, is_fraud=False, amount=3.0), change("u", 0, after_it, is_fraud=False)],
    ]
    for place, some in enumerate(changes):
        send(tables, "transactions", records(some, place * 3), "ledger")
        bronze_to_silver(spark, labelled, "transactions", tables)
    labels = rows(silver.LABELS, tables).sort("transaction_id", "known_at")
    assert labels.select("transaction_id", "is_fraud").rows() == [("0", False), ("0", True), ("0", False), ("1", False)]
    assert labels.filter(pl.col("transaction_id") == "0")["known_at"].is_unique().all()
    assert all(stream.balanced for stream in reconcile("ledger", tables))
