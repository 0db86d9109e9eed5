"""Percentiles of known delays."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from fraud_assets.monitoring.latency import STAGES, Latency, Stage, latency

START = datetime(2026, 1, 1, tzinfo=UTC)


def _rows(delays: Sequence[float]) -> pl.LazyFrame:
    return pl.LazyFrame({"kafka_time": [START] * len(delays), "done": [START + timedelta(seconds=d) for d in delays]})


def test_percentiles_of_one_to_a_hundred_seconds() -> None:
    found = latency(_rows(range(101)), "done")
    assert found == Latency(101, 50.0, 95.0, 99.0)


def test_only_rows_written_after_the_start_count() -> None:
    assert latency(_rows([1, 2, 3, 4]), "done", START + timedelta(seconds=2)) == Latency(2, 4.0, 4.0, 4.0)


def test_nothing_to_measure_is_none() -> None:
    assert latency(_rows([1]), "done", START + timedelta(days=1)) is None
    assert latency(_rows([1]).with_columns(kafka_time=pl.lit(None, pl.Datetime("us", "UTC"))), "done") is None


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_stage_names_columns_its_table_has(stage: Stage) -> None:
    assert {stage.written, "kafka_time"} <= set(stage.table.column_names)
