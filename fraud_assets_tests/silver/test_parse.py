"""Reference files of three layouts, from file to silver with nothing lost."""

from datetime import UTC, datetime

import polars as pl
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import named
from fraud_assets.declarations.tables import bronze, silver
from fraud_assets.lake import reads
from fraud_assets.lake.location import Lake
from fraud_assets.silver.step import bronze_to_silver
from fraud_assets.sources.files import records
from reference_data.files import SHARED

SENT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize(
    ("source", "file", "expected", "frauds"),
    [
        ("ulb", "ulb_creditcard.parquet", 284_807, 492),
        ("sparkov", "sparkov_raw.csv.gz", 98_858, 339),
        ("sparkov_sample", "sparkov_sample.csv.gz", 79_838, 475),
    ],
)
def test_every_row_of_a_reference_file_is_a_payment(
    spark: SparkSession, tables: Lake, source: str, file: str, expected: int, frauds: int
) -> None:
    path = SHARED / file
    if not path.exists():
        pytest.skip(f"no reference file {path}")
    described = named(source)
    values = [record.value for record in records(path, described.transactions)]
    _as_bronze(values, source, tables)

    outcome = bronze_to_silver(spark, described, "transactions", tables)

    assert outcome.read[bronze.TRANSACTIONS] == len(values) == expected
    assert outcome.written[silver.TRANSACTIONS] == expected
    assert outcome.written[silver.QUARANTINE] == outcome.written[silver.DUPLICATES] == 0
    labels = reads.scan(silver.LABELS, tables)
    assert labels is not None
    assert outcome.written[silver.LABELS] == expected
    assert labels.select(pl.col("is_fraud").sum()).collect().item() == frauds


def _as_bronze(values: list[bytes], source: str, lake: Lake) -> None:
    row = pl.int_range(pl.len())
    frame = pl.DataFrame({"value": values}, schema={"value": pl.Binary}).select(
        source=pl.lit(source),
        topic=pl.lit(named(source).transactions.topic),
        partition=(row % 2).cast(pl.Int32),
        offset=row // 2,
        kafka_time=pl.lit(SENT) + pl.duration(milliseconds=row),
        key=pl.lit(None, pl.Binary),
        value="value",
        headers=pl.lit(None, pl.List(pl.Struct({"key": pl.String, "value": pl.Binary}))),
        ingested_at=pl.lit(SENT),
    )
    arrow = frame.select(bronze.TRANSACTIONS.column_names).to_arrow(compat_level=pl.CompatLevel.oldest())
    write_deltalake(lake.path(bronze.TRANSACTIONS), arrow, mode="append")
