"""One source's rows of a table, in this process or by Spark."""

import polars as pl
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import Table
from fraud_assets.lake.location import Lake


def scan(table: Table, source: Source, lake: Lake, version: int | None = None) -> pl.LazyFrame:
    """The source's rows at the table's newest (or the given) version, to be read in this process."""
    return lake.scan(table, version).filter(pl.col("source") == source.name)


def read_spark(spark: SparkSession, table: Table, source: Source, lake: Lake) -> DataFrame:
    """The source's rows at the table's newest version, by Spark."""
    return spark.read.format("delta").load(lake.path(table)).where(F.col("source") == source.name)
