"""A lake may lie at a URL, and under a path with a blank and a letter beyond ASCII: from bronze to query and export."""

import json
from pathlib import Path

import polars as pl
import pytest
from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import bronze, gold, silver
from fraud_assets.lake import reads
from fraud_assets.lake.create import create_all
from fraud_assets.lake.export import export
from fraud_assets.lake.location import Lake
from fraud_assets.lake.query import query
from fraud_assets.lake.upkeep import maintain
from fraud_assets.silver.reconciliation import reconcile
from fraud_assets.summaries import activity
from fraud_assets_tests.pipeline import assert_conserved, run
from fraud_assets_tests.raw import label, payment, records, send

pytestmark = pytest.mark.stack

ADDRESSES = {"path": "{}/früher See/lake", "url": "file://{}/fr%C3%BCher%20See/lake"}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_from_bronze_to_query_and_export(spark: SparkSession, tmp_path: Path, address: str) -> None:
    lake = Lake(address.format(tmp_path))
    create_all(spark, lake)
    send(lake, "transactions", records([*(payment(n) for n in range(5)), payment(1), payment(9, amount=-1)]))
    send(lake, "labels", records([label(2)]))
    run(spark, lake)
    send(lake, "transactions", records([payment(6, event_time="2026-02-03T12:00:00.000Z")], first=7))
    send(lake, "labels", records([label(3)], first=1))
    run(spark, lake)
    assert_conserved(lake)
    assert all(each.balanced for each in reconcile("cards", lake))
    activity.aggregate(spark, "cards", lake, 1_000)
    assert activity.reconcile("cards", lake).balanced

    spark.sql(f"DELETE FROM delta.`{lake.path(gold.FEATURES)}` WHERE transaction_id = 'T00000'")
    for table in (bronze.TRANSACTIONS, gold.FEATURES, gold.ACTIVITY_WINDOWS):
        before = reads.count(table, lake)
        assert maintain(spark, table, lake) is not None
        assert reads.count(table, lake) == before

    answer = query("select count(*), max(amount) from gold.features", lake)
    assert answer.rows == [(5, 16.0)]
    manifest = export(gold.FEATURES, "parquet", tmp_path / "out put", lake)
    assert manifest.rows == 5
    (part,) = manifest.parts
    exported = pl.read_parquet(tmp_path / "out put" / part.file)
    assert sorted(exported["transaction_id"]) == ["T00001", "T00002", "T00003", "T00004", "T00006"]
    assert export(silver.TRANSACTIONS, "csv", tmp_path / "csv", lake).rows == 6
    assert json.loads((tmp_path / "csv/manifest.json").read_text())["complete"]

    lake.remove()
    assert lake.opened(gold.FEATURES) is None
    assert not lake.files(gold.FEATURES)
