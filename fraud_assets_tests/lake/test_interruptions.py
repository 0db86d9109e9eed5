"""A step may die anywhere and be run again; however records arrive, the lake ends the same."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession

from fraud_assets.features.batch import step as features
from fraud_assets.lake.location import Lake
from fraud_assets.silver import step as silver
from fraud_assets_tests import pipeline
from fraud_assets_tests.lakes import copied
from fraud_assets_tests.pipeline import POINTS, assert_conserved, contents, interrupted, run
from fraud_assets_tests.raw import Record, label, payment, records, send, send_by_spark

pytestmark = [pytest.mark.stack, pytest.mark.slow]

START = datetime(2026, 1, 1, tzinfo=UTC)
PAYMENTS, LABELS = 90, 45


def _sent(seed: int) -> tuple[list[Record], list[Record]]:
    """Payments and labels in the order they arrive: some late, some repeated, some bad, labels early or revised."""
    draw = random.Random(seed)

    def moment(days: float) -> str:
        return (START + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    happened = [draw.uniform(0, 50) if draw.random() < 0.3 else i * 50 / PAYMENTS for i in range(PAYMENTS)]
    paid: list[Any] = []
    for number, days in enumerate(happened):
        sound = payment(number, event_time=moment(days), amount=round(draw.uniform(1, 99), 2))
        chance = draw.random()
        if chance < 0.1:
            paid.append(draw.choice([b"{", None, sound | {"amount": -1, "transaction_id": f"bad{number}"}]))
        elif chance < 0.25 and number:
            before = draw.randrange(number)
            paid.append(payment(before, event_time=moment(happened[before] + draw.choice([0, 3])), amount=5))
        paid.append(sound)
    told: list[Any] = []
    for _ in range(LABELS):
        number = draw.randrange(PAYMENTS)
        days = happened[number] + draw.choice([-0.5, 0, 2, 7, 7, 7, 20])
        told.append(label(number, labelled_at=moment(max(days, 0)), is_fraud=draw.random() < 0.6))
        if draw.random() < 0.1:
            told.append(b"not a label")
    return records(paid), records(told)


def _parts(sent: Sequence[Record], cuts: Sequence[float]) -> list[Sequence[Record]]:
    places = [0, *(round(cut * len(sent)) for cut in sorted(cuts)), len(sent)]
    return [sent[start:end] for start, end in pairwise(places)]


@pytest.fixture(scope="module")
def fresh_lakes(empty_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Lakes with every table and no row in any, one after another."""
    root, numbers = tmp_path_factory.mktemp("lakes"), count()

    def made() -> Iterator[Lake]:
        for number in numbers:
            yield copied(empty_tables, root / str(number))

    return made()


@pytest.fixture(scope="module")
def at_once(spark: SparkSession, fresh_lakes: Iterator[Lake]) -> dict[str, pl.DataFrame]:
    """What the lake holds after one undisturbed run over everything."""
    lake = next(fresh_lakes)
    payments, labels = _sent(seed=1)
    send(lake, "transactions", payments)
    send(lake, "labels", labels)
    run(spark, lake)
    assert_conserved(lake)
    held = contents(lake)
    assert all(frame.height for frame in held.values())
    return held


def _assert_same(lake: Lake, expected: dict[str, pl.DataFrame]) -> None:
    assert_conserved(lake)
    for name, frame in contents(lake).items():
        assert_frame_equal(frame, expected[name], check_exact=False, rel_tol=1e-9, abs_tol=1e-9)


def test_a_run_may_die_at_any_commit(
    spark: SparkSession, fresh_lakes: Iterator[Lake], at_once: dict[str, pl.DataFrame]
) -> None:
    lake = next(fresh_lakes)
    cuts = [(number + 1) / (len(POINTS) + 2) for number in range(len(POINTS) + 1)]
    parts = zip(*(_parts(sent, cuts) for sent in _sent(seed=1)), strict=True)
    for (payments, labels), point in zip(parts, [None, *POINTS, None], strict=True):
        send_by_spark(spark, lake, "transactions", payments)
        send_by_spark(spark, lake, "labels", labels)
        if point is None:
            run(spark, lake)
        else:
            with interrupted(*point):
                run(spark, lake)
    _assert_same(lake, at_once)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(cuts=st.lists(st.floats(0.1, 0.9), min_size=1, max_size=3), label_cuts=st.lists(st.floats(0, 1), min_size=3))
def test_any_split_into_increments_gives_the_same(
    spark: SparkSession,
    fresh_lakes: Iterator[Lake],
    at_once: dict[str, pl.DataFrame],
    cuts: list[float],
    label_cuts: list[float],
) -> None:
    _send_in_parts(spark, next(fresh_lakes), at_once, cuts, label_cuts[: len(cuts)])


def test_a_split_on_spark_gives_the_same(
    spark: SparkSession, fresh_lakes: Iterator[Lake], at_once: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (silver, features):
        monkeypatch.setattr(step, "IN_PROCESS_ROWS", 0)
    monkeypatch.setattr(pipeline, "MAX_ROWS_IN_MEMORY", 0)
    _send_in_parts(spark, next(fresh_lakes), at_once, cuts=[0.6], label_cuts=[0.5])


def _send_in_parts(
    spark: SparkSession, lake: Lake, at_once: dict[str, pl.DataFrame], cuts: list[float], label_cuts: list[float]
) -> None:
    payments, labels = _sent(seed=1)
    for some, told in zip(_parts(payments, cuts), _parts(labels, label_cuts), strict=True):
        if some:
            send(lake, "transactions", some)
        if told:
            send(lake, "labels", told)
        run(spark, lake)
    _assert_same(lake, at_once)
