"""Windows are written once, when they close; the account says where each payment stands."""

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import gold
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.summaries import activity
from fraud_assets.summaries.activity import aggregate, reconcile
from fraud_assets.summaries.history import windows_in_process
from fraud_assets_tests.raw import payment, records, send

pytestmark = pytest.mark.stack

START = datetime(2026, 2, 1, tzinfo=UTC)
FIRST_HISTORY = pytest.mark.parametrize("rows_in_process", [0, 1_000], ids=["by the stream", "in process"])


def paid(number: int, minutes: float, customer: str = "C1", **other: Any) -> dict[str, Any]:
    moment = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return payment(number, event_time=moment, customer_id=customer, **other)


def closed(lake: Lake, customer: str) -> dict[str, list[tuple[float, float, int]]]:
    """By span: when each window begins and ends, in minutes from the start, and its payments."""
    frame = reads.scan(gold.ACTIVITY_WINDOWS, lake)
    assert frame is not None
    mine = frame.filter(pl.col("customer_id") == customer).sort("window_start").collect()
    found: dict[str, list[tuple[float, float, int]]] = {}
    for span, start, end, count in mine.select("span", "window_start", "window_end", "transactions").iter_rows():
        minutes = [(moment - START) / timedelta(minutes=1) for moment in (start, end)]
        found.setdefault(span, []).append((*minutes, count))
    return found


@FIRST_HISTORY
def test_windows_close_behind_the_watermark_and_late_payments_are_counted(
    spark: SparkSession, tables: Lake, rows_in_process: int
) -> None:
    lake = tables

    def arrive(values: list[Any], first: int) -> None:
        send(tables, "transactions", records(values, first))
        bronze_to_silver(spark, named("cards"), "transactions", lake)
        aggregate(spark, "cards", lake, rows_in_process)

    arrive([paid(0, 1), paid(1, 1.5), paid(2, 7), paid(3, 60, "C2"), paid(4, 120, "C2")], 0)
    assert closed(tables, "C1") == {
        "1m": [(1, 2, 2), (7, 8, 1)],
        "5m": [(0, 5, 2), (5, 10, 1)],
        "10m": [(-5, 5, 2), (0, 10, 3), (5, 15, 1)],
        "session": [(1, 37, 3)],
    }
    assert closed(tables, "C2") == {}
    stand = reconcile("cards", lake)
    assert (stand.payments, stand.closed, stand.open, stand.late) == (5, 3, 2, 0)
    assert stand.watermark == START + timedelta(hours=1)

    arrive([paid(5, 3), paid(6, 61, "C2"), paid(7, 300, "C2")], 5)
    assert closed(tables, "C1")["1m"] == [(1, 2, 2), (7, 8, 1)]  # payment 5 came more than an hour late
    assert closed(tables, "C2")["session"] == [(60, 91, 2), (120, 150, 1)]
    stand = reconcile("cards", lake)
    assert (stand.payments, stand.closed, stand.open, stand.late) == (8, 6, 1, 1)

    assert aggregate(spark, "cards", lake, rows_in_process) == 0
    frame = reads.scan(gold.ACTIVITY_WINDOWS, lake)
    assert frame is not None
    assert frame.select(gold.ACTIVITY_WINDOWS.key).collect().is_duplicated().sum() == 0


@FIRST_HISTORY
def test_a_run_that_died_before_it_recorded_its_position_begins_anew(
    spark: SparkSession, tables: Lake, monkeypatch: pytest.MonkeyPatch, rows_in_process: int
) -> None:
    send(tables, "transactions", records([paid(0, 1), paid(1, 120, "C2")], 0))
    bronze_to_silver(spark, named("cards"), "transactions", tables)
    real, calls = activity._record, []

    def die_the_second_time(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) > 1:
            raise ZeroDivisionError
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(activity, "_record", die_the_second_time)
        with pytest.raises(ZeroDivisionError):
            aggregate(spark, "cards", tables, rows_in_process)
    assert activity.position("cards", tables) is None
    assert reads.count(gold.ACTIVITY_WINDOWS, tables) == 5

    aggregate(spark, "cards", tables, rows_in_process)
    assert closed(tables, "C1")["1m"] == [(1, 2, 1)]
    assert reads.count(gold.ACTIVITY_WINDOWS, tables) == 5
    found = reconcile("cards", tables)
    assert (found.payments, found.closed, found.open, found.late) == (2, 1, 1, 0)
    position = activity.position("cards", tables)
    assert position is not None
    checkpoints = {file.split("/")[2] for file in tables.files(gold.ACTIVITY_WINDOWS, "_checkpoints/cards")}
    assert checkpoints == {str(position.stream)}


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_find_the_same_windows(spark: SparkSession, tables: Lake, seed: int) -> None:
    draw = random.Random(seed)
    minutes = [draw.choice([0.0, 0.5, 5, 10, 29.5, 30, 30.5, 31, 60]) for _ in range(200)]
    moments = [START + timedelta(minutes=each) for each in accumulate(minutes)]
    payments = pl.DataFrame(
        {
            "source": ["cards"] * 200,
            "customer_id": [draw.choice("ABC") for _ in moments],
            "merchant_id": [draw.choice("MNO") for _ in moments],
            "event_time": moments,
            "amount": [draw.randrange(100) / 4 for _ in moments],
        },
        schema_overrides={"event_time": pl.Datetime("us", "UTC")},
    )
    found = windows_in_process(payments, activity.SPANS)
    of_spark = activity.windows(spark.createDataFrame(payments.to_pandas())).drop("closed_at")
    expected = pl.DataFrame(of_spark.toArrow()).select(found.columns)
    keys = ["customer_id", "span", "window_start"]
    assert_frame_equal(found.sort(keys), expected.sort(keys), check_dtypes=False)
