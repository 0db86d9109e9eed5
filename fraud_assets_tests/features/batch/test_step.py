"""Labels before their payments and late, analysts' labels, and lists that are revised, on the real path."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.stream import ANALYST
from fraud_assets.declarations.tables import Table, gold, silver
from fraud_assets.features.batch import step
from fraud_assets.features.batch.plan import Plan, widened
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.analyst_labels import add_label
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.watchlists.lists import SUSPICIOUS_CARDS
from fraud_assets.watchlists.load import load, revisions
from fraud_assets_tests import pipeline
from fraud_assets_tests.pipeline import CARDS, run
from fraud_assets_tests.raw import label, payment, records, send

pytestmark = pytest.mark.stack

FRAUD, LISTED = "merchant_mean_fraud_7d", "customer_is_suspicious"


@pytest.fixture(autouse=True, params=["in this process", "on Spark"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small increment and a large one are computed in different places, with one outcome."""
    if request.param == "on Spark":
        monkeypatch.setattr(step, "IN_PROCESS_ROWS", -1)
        monkeypatch.setattr(pipeline, "MAX_ROWS_IN_MEMORY", 0)


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    return frame.collect()


def stored(lake: Lake) -> pl.DataFrame:
    return rows(gold.FEATURES, lake).sort("transaction_id")


def assert_as_computed_at_once(lake: Lake) -> None:
    plan = Plan.of(CARDS).with_watchlists(revisions("cards", lake))
    payments = rows(silver.TRANSACTIONS, lake)
    told = rows(silver.LABELS, lake).select("transaction_id", "is_fraud", "known_at")
    whole = widened(plan.evaluate(payments, told, plan.baseline(payments.lazy()))).sort("transaction_id")
    assert_frame_equal(stored(lake).select("transaction_id", *NAMES), whole.select("transaction_id", *NAMES))


def on_day(number: int, day: int, **other: Any) -> dict[str, Any]:
    at = datetime(2026, 2, day, 12, tzinfo=UTC)
    return payment(number, event_time=at.isoformat(), terminal_id="M", customer_id="C", **other)


def test_labels_wait_lists_recompute_and_analysts_revise(spark: SparkSession, tables: Lake, tmp_path: Path) -> None:
    file, lake = tmp_path / "cards.csv", tables
    send(tables, "labels", records([label(1, labelled_at="2026-02-03T00:00:00Z")]))
    send(tables, "transactions", records([on_day(2, 4)]))
    run(spark, tables)
    assert stored(tables).select(FRAUD, LISTED).rows() == [(0.0, None)]

    send(tables, "transactions", records([on_day(1, 1)], first=1))
    file.write_text("customer_id,valid_from,valid_to,known_at\nC,2026-02-01,2026-02-05,2026-02-02\nX,,,oops\n")
    loaded = load(SUSPICIOUS_CARDS, str(file), "cards", lake)
    assert (loaded.changed, [bad.line for bad in loaded.bad]) == (1, [3])
    run(spark, tables)
    late, then = stored(tables).to_dicts()
    assert (late[FRAUD], late[LISTED], late["recomputed_at"]) == (0.0, None, None)
    assert (then[FRAUD], then[LISTED]) == (1.0, 1.0)
    assert then["recomputed_at"] is not None
    assert_as_computed_at_once(tables)

    file.write_text("customer_id\nC\n")  # from today on: says nothing of these payments
    assert load(SUSPICIOUS_CARDS, str(file), "cards", lake).changed == 1
    today = datetime.now(UTC)
    assert add_label("cards", "T00001", False, "ann", "the card was found", lake)
    assert not add_label("cards", "T00009", True, "ann", "customer denies it", lake)
    send(tables, "transactions", records([on_day(3, 5)], first=2))
    run(spark, tables)
    assert_as_computed_at_once(tables)
    after = stored(tables)
    assert after.select(FRAUD, LISTED).rows() == [
        (0.0, None),
        (1.0, 1.0),
        (1.0, 0.0),
    ]  # as known then, whatever came later
    assert after["recomputed_at"].to_list() == [None, then["recomputed_at"], None]
    given = rows(silver.LABELS, tables).filter(pl.col("origin") == ANALYST).sort("transaction_id")
    assert given.select("transaction_id", "is_fraud", "who", "why").rows() == [
        ("T00001", False, "ann", "the card was found"),
        ("T00009", True, "ann", "customer denies it"),
    ]
    assert all(today < known_at < datetime.now(UTC) for known_at in given["known_at"])
    assert all(stream.balanced for stream in reconcile("cards", lake))


def test_a_table_of_doubles_goes_on(spark: SparkSession, tables: Lake) -> None:
    """An earlier version had them: they take what is added, and are changed only where the seventh digit differs."""
    path = tables.path(gold.FEATURES)
    shutil.rmtree(path)
    spark.sql(gold.FEATURES.ddl(path).replace("` float ", "` double "))
    send(tables, "labels", records([label(1, labelled_at="2026-02-02T00:00:00Z")]))
    send(tables, "transactions", records([on_day(1, 1), on_day(2, 3), on_day(3, 4)]))
    run(spark, tables)
    assert stored(tables).schema["amount_log"] == pl.Float64
    more = "if(transaction_id = 'T00003', 1e-3, 1e-9)"
    spark.sql(f"UPDATE delta.`{path}` SET amount_log = amount_log + {more}").collect()
    send(tables, "labels", records([label(1, labelled_at="2026-02-02T06:00:00Z")], first=1))  # says the same again
    run(spark, tables)
    assert stored(tables).filter(pl.col("recomputed_at").is_not_null())["transaction_id"].to_list() == ["T00003"]
