"""Spark spreads the evaluation: its workers read what they need of the lake, compute, and hand back rows to write."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from fraud_assets.features.catalogue import columns
from fraud_assets.features.declare import Feature
from fraud_assets.features.inputs import columns_for
from fraud_assets.features.plan import STORED, Plan, by_entity, widened

WORKER_ROWS = 1_000_000
"""Payments that a worker holds, on average: entities are not equally busy."""
FEWEST = 2
"""Shares, so that few payments are spread too."""
BATCH_ROWS = 100_000


def spread(spark: SparkSession, payments: pl.LazyFrame, labels: pl.LazyFrame, plan: Plan, rows: int) -> DataFrame:
    """The payments as `widened` has them, by Spark's workers.

    ``payments`` and ``labels`` are one source's, scanned from the lake at a given version each: the plans go to the
    workers, and a scan without a version would have each read what is newest just then. ``rows`` is about how many
    payments there are. Customers' and merchants' features are computed apart, in as many shares as it takes, and
    joined.
    """
    labels = labels.select("transaction_id", "is_fraud", "known_at")
    payments = payments.select(plan.needed)
    of_customers, of_merchants = by_entity(plan.features)
    needed = payments.select(columns_for(columns(of_merchants)))
    usual = plan.population(payments)
    shares = max(FEWEST, -(-rows // WORKER_ROWS))

    def apart(own: pl.Expr, scanned: pl.LazyFrame, features: Sequence[Feature]) -> pl.DataFrame:
        mine = scanned.filter(own)
        told = labels.join(mine.select("transaction_id"), on="transaction_id", how="semi")
        return plan.evaluate(mine.collect(), told.collect(), usual, features)

    def customers(share: int) -> pl.DataFrame:
        return widened(apart(_share_of("customer_id", shares) == share, payments, of_customers)).select(own)

    def merchants(share: int) -> pl.DataFrame:
        found = apart(_share_of("merchant_id", shares) == share, needed, of_merchants)
        return found.select("transaction_id", pl.col(added).cast(STORED))

    empty = widened(apart(pl.lit(False), payments.limit(0), plan.features))
    added = [feature.name for feature in of_merchants]
    own = [name for name in empty.columns if name not in added]
    both = _shared(spark, customers, shares, empty.select(own))
    if added:
        theirs = _shared(spark, merchants, shares, empty.select("transaction_id", *added))
        both = both.join(theirs, "transaction_id")
    return both.select(*empty.columns)


def _share_of(entity: str, shares: int) -> pl.Expr:
    """Which of so many shares a payment is in, given the column of its entity."""
    return pl.col(entity).hash(0) % shares


def _shared(spark: SparkSession, compute: Callable[[int], pl.DataFrame], shares: int, empty: pl.DataFrame) -> DataFrame:
    """What ``compute`` makes of each share, a worker a share: the columns of ``empty``."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for share in batch.column(0).to_pylist():
                yield from _arrow(compute(share)).to_batches(max_chunksize=BATCH_ROWS)

    return spark.range(0, shares, 1, shares).mapInArrow(work, from_arrow_schema(_arrow(empty).schema))


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
