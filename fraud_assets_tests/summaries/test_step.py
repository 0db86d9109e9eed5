"""Summaries equal a plain reference over all of silver, whatever arrived when; only what is touched is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import Table, silver
from fraud_assets.lake import reads, writing
from fraud_assets.lake.location import Lake
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.summaries.reconciliation import reconcile
from fraud_assets.summaries.step import summarise
from fraud_assets.summaries.summaries import CUSTOMERS, HOURLY, MERCHANTS
from fraud_assets_tests.raw import change, label, payment, records, send

pytestmark = pytest.mark.stack


def rows(table: Table, lake: Lake) -> pl.DataFrame:
    frame = reads.scan(table, lake)
    assert frame is not None
    return frame.collect()


def arrive(
    spark: SparkSession, lake: Lake, payments: list[Any], labels: list[Any] | None = None, source: str = "cards"
) -> None:
    for stream, values in (("transactions", payments), ("labels", labels or [])):
        if values:
            first = reads.count(named_table(stream), lake)
            send(lake, stream, records(values, first), source)
            bronze_to_silver(spark, named(source), stream, lake)


def named_table(stream: str) -> Table:
    from fraud_assets.silver.streams import STREAMS

    return STREAMS[stream][0]


def judged(lake: Lake) -> pl.DataFrame:
    verdicts = rows(silver.LABELS, lake).sort("known_at").group_by("transaction_id").agg(pl.col("is_fraud").last())
    paid = rows(silver.TRANSACTIONS, lake).filter(pl.col("deleted_at").is_null())
    return paid.join(verdicts, on="transaction_id", how="left")


def assert_equals_reference(lake: Lake) -> None:
    paid = judged(lake)
    count, amounts = pl.len().cast(pl.Int64), pl.col("amount")
    expected = paid.group_by(hour=pl.col("event_time").dt.truncate("1h")).agg(
        transactions=count,
        amount_sum=amounts.sum(),
        amount_mean=amounts.mean(),
        amount_max=amounts.max(),
        customers=pl.col("customer_id").n_unique().cast(pl.Int64),
        merchants=pl.col("merchant_id").n_unique().cast(pl.Int64),
        frauds=(pl.col("is_fraud") == True).sum().cast(pl.Int64),  # noqa: E712
    )
    assert_frame_equal(rows(HOURLY.table, lake).select(expected.columns).sort("hour"), expected.sort("hour"))
    for summary, entity in ((CUSTOMERS, "customer_id"), (MERCHANTS, "merchant_id")):
        expected = paid.group_by(entity).agg(
            first_payment=pl.col("event_time").min(),
            last_payment=pl.col("event_time").max(),
            transactions=count,
            amount_sum=amounts.sum(),
            frauds=(pl.col("is_fraud") == True).sum().cast(pl.Int64),  # noqa: E712
        )
        assert_frame_equal(rows(summary.table, lake).select(expected.columns).sort(entity), expected.sort(entity))


def everything(spark: SparkSession, lake: Lake, source: str = "cards") -> list[int]:
    return [summarise(spark, source, each, lake).written[each.table] for each in (HOURLY, CUSTOMERS, MERCHANTS)]


def at(hour: int) -> str:
    return f"2026-02-01T{hour:02}:30:00.000Z"


def test_summaries_equal_the_reference_and_only_what_is_touched_is_written(spark: SparkSession, tables: Lake) -> None:
    arrive(spark, tables, [payment(n, event_time=at(n % 5)) for n in range(12)], [label(3)])
    assert everything(spark, tables) == [5, 3, 4]
    assert_equals_reference(tables)
    assert everything(spark, tables) == [0, 0, 0]

    arrive(spark, tables, [payment(12, event_time=at(1))])
    assert everything(spark, tables) == [1, 1, 1]
    assert_equals_reference(tables)

    revised = label(3, is_fraud=False, labelled_at="2026-02-20T00:00:00.000Z")
    arrive(spark, tables, [payment(13, event_time=at(2))], [revised, label(7)])
    assert everything(spark, tables) == [2, 2, 2]  # payments 3, 7 and 13: hours 3 and 2, customers 0 and 1, …
    assert_equals_reference(tables)

    for table in (HOURLY.table, CUSTOMERS.table):
        assert reconcile(table, "cards", tables).balanced
    assert rows(HOURLY.table, tables)["category"].null_count() == 5


def test_what_a_database_corrects_or_deletes_leaves_the_groups_it_was_in(spark: SparkSession, tables: Lake) -> None:
    told = [change("c", number, number) for number in range(6)]
    arrive(spark, tables, told, source="ledger")
    everything(spark, tables, "ledger")
    assert_equals_reference(tables)
    moved = change("u", 0, 10, paid_at=told[3]["after"]["paid_at"], customer_id=7, amount=99.0)
    arrive(spark, tables, [moved, change("d", 5, 11)], source="ledger")
    everything(spark, tables, "ledger")
    assert_equals_reference(tables)
    for table in (HOURLY.table, CUSTOMERS.table):
        assert reconcile(table, "ledger", tables).balanced


class Interrupted(Exception):
    pass


@contextmanager
def dying_before_the_labels() -> Iterator[None]:
    def die(*_: Any) -> None:
        raise Interrupted

    real = writing.skip
    calls = []

    def second(*arguments: Any) -> None:
        calls.append(arguments)
        return real(*arguments) if len(calls) == 1 else die()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "skip", second)
        with pytest.raises(Interrupted):
            yield


def test_a_run_that_died_between_its_commits_is_completed(spark: SparkSession, tables: Lake) -> None:
    arrive(spark, tables, [payment(n, event_time=at(n)) for n in range(4)], [label(1)])
    with dying_before_the_labels():
        everything(spark, tables)
    everything(spark, tables)
    assert_equals_reference(tables)
    assert reconcile(HOURLY.table, "cards", tables).balanced


def test_an_account_sees_a_row_that_is_there_twice(spark: SparkSession, tables: Lake) -> None:
    arrive(spark, tables, [payment(n) for n in range(3)])
    summarise(spark, "cards", HOURLY, tables)
    path = tables.path(HOURLY.table)
    spark.read.format("delta").load(path).write.format("delta").mode("append").save(path)
    found = reconcile(HOURLY.table, "cards", tables)
    assert (found.payments, found.summarised, found.balanced) == (3, 6, False)
