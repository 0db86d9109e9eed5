"""Snapshots: which version they name and which rows they give."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake.location import Lake
from fraud_assets_tests.lakes import SOURCE
from fraud_assets_tests.streamlit_app.dashboard_lake import LooksAt
from fraud_assets_tests.streamlit_app.snapshots import snapshot
from streamlit_app import data


def test_a_missing_table_has_no_snapshot_and_declared_sources_are_offered(looks_at: LooksAt, tmp_path: Path) -> None:
    looks_at(Lake(str(tmp_path)))
    assert data.newest(silver.TRANSACTIONS, SOURCE) is None
    assert SOURCE in data.sources()


def test_a_snapshot_stays_at_its_version(looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    latest, first = (snapshot(bronze.TRANSACTIONS, version=version) for version in (None, 0))
    assert (latest.version, first.version) == (1, 0)
    assert data.count(first) == 20_000 < data.count(latest)
    assert snapshot(bronze.TRANSACTIONS, version=99).version == 1  # the lake was made anew since
    committed = written.log(bronze.TRANSACTIONS).history(1)[0]["timestamp"]
    assert latest.written_at.timestamp() * 1000 == committed


def test_a_snapshot_shows_one_source(looks_at: LooksAt, written: Lake) -> None:
    looks_at(written)
    assert data.count(snapshot(silver.TRANSACTIONS)) == 20_000
    assert data.count(snapshot(silver.TRANSACTIONS, "another")) == 0
    assert data.sources() == [SOURCE]


def test_as_known_uses_the_source_s_label_delay() -> None:
    known = data.as_known(SOURCE)
    assert (known.now - known.settled).days == 7
    assert (known.now - data.as_known("undeclared").settled).days > 10_000


def test_corrections_keep_what_deleted_a_payment(looks_at: LooksAt, tmp_path: Path) -> None:
    looks_at(Lake(str(tmp_path)))
    for table in (silver.TRANSACTIONS, silver.CORRECTIONS):
        rows = pl.DataFrame({"source": ["ledger"] * 2, "deleted_at": [None, datetime(2026, 1, 1, tzinfo=UTC)]})
        rows.write_delta(Lake(str(tmp_path)).path(table))
    assert data.count(snapshot(silver.TRANSACTIONS, "ledger")) == 1
    assert data.count(snapshot(silver.CORRECTIONS, "ledger")) == 2
