"""An export holds a version's rows, goes on where it stopped, and says what it holds."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from polars.testing import assert_frame_equal
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from fraud_assets.cli import app
from fraud_assets.declarations.tables import gold, silver
from fraud_assets.errors import FraudError
from fraud_assets.lake import export as exports
from fraud_assets.lake import parts, reads
from fraud_assets.lake.export import MANIFEST, Manifest, export
from fraud_assets.lake.location import Lake

MERCHANTS = gold.MERCHANT_PROFILES
START = datetime(2026, 1, 1, tzinfo=UTC)


def append(lake: Lake, source: str, first: int, rows: int) -> None:
    """Rows of gold.merchant_profiles, as one data file."""
    number = pl.int_range(first, first + rows, eager=True)
    frame = pl.DataFrame({"merchant_id": number.cast(pl.String), "transactions": number}).with_columns(
        source=pl.lit(source), last_payment=pl.lit(START) + pl.duration(hours=pl.col("transactions"))
    )
    arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    write_deltalake(lake.path(MERCHANTS), arrow, mode="append", partition_by=["source"])


@pytest.fixture
def filled(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with five data files of two sources, each a part of its own."""
    monkeypatch.setattr(parts, "PART_BYTES", 1)
    for first in range(0, 30, 10):
        append(lake, "cards", first, 10)
    for first in (0, 5):
        append(lake, "other", first, 5)
    return lake


def read(to: Path, manifest: Manifest) -> pl.DataFrame:
    frame = pl.concat([pl.read_parquet(to / part.file) for part in manifest.parts])
    return frame.sort("source", "transactions")


def held(lake: Lake) -> pl.DataFrame:
    frame = reads.scan(MERCHANTS, lake)
    assert frame is not None
    return frame.collect().sort("source", "transactions")


def test_every_row_once_with_a_manifest(filled: Lake, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    manifest = export(MERCHANTS, "parquet", tmp_path / "out", filled, progress=lambda done, n: told.append((done, n)))
    found = read(tmp_path / "out", manifest)
    assert_frame_equal(found, held(filled), check_column_order=False)
    assert (manifest.version, manifest.rows, manifest.complete) == (4, 40, True)
    assert [part.rows for part in manifest.parts] == [10, 10, 10, 5, 5]
    assert json.loads((tmp_path / "out" / MANIFEST).read_text())["rows"] == 40
    assert told == [*((n, 5) for n in range(5)), (5, 5)]


def test_one_source_as_csv(filled: Lake, tmp_path: Path) -> None:
    manifest = export(MERCHANTS, "csv", tmp_path, filled, source="other")
    (first, _) = manifest.parts
    lines = (tmp_path / first.file).read_text().splitlines()
    assert lines[0].split(",") == list(manifest.columns)
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    expected = (START + timedelta(hours=int(row["transactions"]))).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    assert (row["source"], row["last_payment"]) == ("other", expected)
    assert manifest.rows == 10


class Killed(Exception):
    pass


def test_an_export_that_was_cut_off_goes_on_with_its_version(
    filled: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, written = exports.write, list[str]()

    def dying(*arguments: Any) -> int:
        if len(written) == 2:
            raise Killed
        written.append(arguments[2].name)
        return real(*arguments)

    monkeypatch.setattr(exports, "write", dying)
    with pytest.raises(Killed):
        export(MERCHANTS, "parquet", tmp_path, filled)
    assert not json.loads((tmp_path / MANIFEST).read_text())["complete"]
    append(filled, "cards", 100, 1)  # a newer version, which this export is not of

    again: list[str] = []

    def noted(*given: Any) -> Any:
        again.append(given[2].name)
        return real(*given)

    monkeypatch.setattr(exports, "write", noted)
    manifest = export(MERCHANTS, "parquet", tmp_path, filled)
    assert (manifest.version, manifest.rows) == (4, 40)
    assert sorted(written + again) == [part.file for part in manifest.parts]

    damaged = tmp_path / manifest.parts[1].file
    damaged.write_bytes(damaged.read_bytes()[:-1])
    again.clear()
    assert export(MERCHANTS, "parquet", tmp_path, filled, version=4) == manifest
    assert again == [damaged.name]

    newer = export(MERCHANTS, "parquet", tmp_path, filled)
    assert (newer.version, newer.rows, read(tmp_path, newer).height) == (5, 41, 41)
    assert {file.name for file in tmp_path.glob("part-*")} == {part.file for part in newer.parts}


def test_what_cannot_be_exported_is_said(filled: Lake, tmp_path: Path) -> None:
    with pytest.raises(FraudError, match=r"no table 'gold\.none'; there are: bronze\.transactions"):
        exports.named("gold.none")
    with pytest.raises(FraudError, match="no version 9; the newest is 4"):
        export(MERCHANTS, "csv", tmp_path, filled, version=9)
    with pytest.raises(FraudError, match=r"gold\.alerts is empty so far"):
        export(gold.ALERTS, "csv", tmp_path, filled)
    export(MERCHANTS, "csv", tmp_path, filled)
    with pytest.raises(FraudError, match="choose another folder"):
        export(MERCHANTS, "parquet", tmp_path, filled)
    log = filled.log(MERCHANTS)
    log.optimize.compact()
    log.vacuum(0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(FraudError, match="data of version 4 is gone"):
        export(MERCHANTS, "csv", tmp_path / "late", filled, version=4)


def test_the_command(filled: Lake, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["export", "gold.merchant_profiles", "--to", str(tmp_path / "out"), "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["rows"] == 40
    neither = CliRunner().invoke(app, ["export", "--to", str(tmp_path / "out")])
    assert isinstance(neither.exception, FraudError)


@pytest.mark.stack
def test_rows_that_spark_deleted_stay_out(spark: SparkSession, tables: Lake, tmp_path: Path) -> None:
    path = tables.path(MERCHANTS)
    rows = spark.range(100).selectExpr(
        "'cards' as source",
        "cast(id as string) as merchant_id",
        "timestamp '2026-01-01 00:00:00' as first_payment",
        "timestamp '2026-01-02 00:00:00' as last_payment",
        *(f"id as {name}" for name in ("active_days", "transactions", "customers", "frauds")),
        *(f"double(id) as {name}" for name in ("amount_sum", "amount_mean", "amount_max", "fraud_rate")),
        "cast(null as string) as usual_category",
        "current_timestamp() as summarised_at",
    )
    rows.select(MERCHANTS.column_names).coalesce(1).write.format("delta").mode("append").save(path)
    spark.sql(f"DELETE FROM delta.`{path}` WHERE transactions % 3 = 0").collect()
    assert any(DeltaTable(path).deletion_vectors())
    manifest = export(MERCHANTS, "parquet", tmp_path / "out", tables)
    found = read(tmp_path / "out", manifest)
    assert found["transactions"].to_list() == [n for n in range(100) if n % 3]
    assert set(found["first_payment"]) == {datetime(2026, 1, 1, tzinfo=UTC)}
    assert manifest.rows == 66
    assert export(silver.QUARANTINE, "csv", tmp_path / "none", tables).rows == 0
