from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from fraud_assets.declarations.tables import ALL, Column, Table, silver
from fraud_assets.lake.create import create_all
from fraud_assets.lake.location import Lake
from fraud_assets_tests.raw import payment, records, send

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.full_name)
def test_a_table_is_made_as_declared(empty_tables: Path, table: Table) -> None:
    made = Lake(str(empty_tables)).log(table)
    fields = {field.name: field for field in made.schema().fields}
    assert list(fields) == table.column_names
    assert made.metadata().partition_columns == list(table.partition_by)
    assert made.metadata().description == table.description
    properties = made.metadata().configuration
    assert properties.items() >= table.properties.items()
    assert {n: properties[f"delta.constraints.{n}"] for n, _ in table.constraints} == dict(table.constraints)
    for column in table.columns:
        assert column.meaning in fields[column.name].metadata["comment"]
        assert fields[column.name].nullable == column.nullable


def test_a_constraint_holds(spark: SparkSession, tables: Lake) -> None:
    path = tables.path(silver.TRANSACTIONS)
    values = "'cards', '1', timestamp '2026-01-01 00:00:00', 'c', 'm', -1"
    columns = "source, transaction_id, event_time, customer_id, merchant_id, amount"
    with pytest.raises(PySparkException, match="amount_is_negative"):
        spark.sql(f"INSERT INTO delta.`{path}` ({columns}) VALUES ({values})")


def test_what_is_declared_later_is_added_and_rows_stay(spark: SparkSession, lake: Lake) -> None:
    send_to = replace(ALL[0])
    create_all(spark, lake, (send_to,))
    send(lake, "transactions", records([payment(1)]))
    trace = Column("trace", "string", "where it's been")
    grown = replace(send_to, columns=(*send_to.columns, trace), cluster_by=("trace",))
    create_all(spark, lake, (grown,))
    create_all(spark, lake, (grown,))
    table = lake.log(grown)
    assert [field.name for field in table.schema().fields] == grown.column_names
    assert table.metadata().configuration["delta.dataSkippingStatsColumns"].endswith(",trace")
    assert table.version() == 3  # made, filled, grown by a column, told what to keep statistics of
    assert spark.read.format("delta").load(lake.path(grown)).select("offset", "trace").collect() == [(0, None)]


def test_a_table_whose_making_was_cut_short_is_completed(spark: SparkSession, lake: Lake) -> None:
    spark.sql(silver.TRANSACTIONS.ddl(lake.path(silver.TRANSACTIONS)))
    create_all(spark, lake, (silver.TRANSACTIONS,))
    properties = lake.log(silver.TRANSACTIONS).metadata().configuration
    assert {f"delta.constraints.{name}" for name, _ in silver.TRANSACTIONS.constraints} <= properties.keys()
