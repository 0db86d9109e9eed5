"""The first history of a source: the features of all its payments."""

from pyspark.sql import SparkSession

from fraud_assets.declarations.sources.source import Source
from fraud_assets.declarations.tables import silver
from fraud_assets.features.batch.added import append_batches, append_spark
from fraud_assets.features.batch.chunks import evaluate_in_chunks
from fraud_assets.features.batch.plan import Plan
from fraud_assets.features.batch.source_rows import scan
from fraud_assets.features.batch.spark import evaluate_spark
from fraud_assets.lake import reads
from fraud_assets.lake.cursor import Increment
from fraud_assets.lake.location import Lake


def backfill(
    spark: SparkSession, source: Source, plan: Plan, increment: Increment, lake: Lake, max_rows_in_memory: int
) -> int:
    """Write the features of all payments of the first increment of silver.transactions; returns how many.

    Up to ``max_rows_in_memory`` payments are computed in this process, more by Spark's workers.
    """
    labels = scan(silver.LABELS, source, lake, reads.version(silver.LABELS, lake))
    payments = reads.not_deleted(scan(silver.TRANSACTIONS, source, lake, increment.last))
    rows = reads.count(silver.TRANSACTIONS, lake, source.name, increment.last)
    if rows > max_rows_in_memory:
        return append_spark(spark, evaluate_spark(spark, payments, labels, plan, rows), increment, lake)
    return append_batches(evaluate_in_chunks(payments, labels, plan), increment, lake)
