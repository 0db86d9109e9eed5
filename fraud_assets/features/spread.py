"""Spark spreads the evaluation: its workers read what they need of the lake, compute, and hand back rows to write."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from fraud_assets.features.catalogue import columns
from fraud_assets.features.declare import Feature
from fraud_assets.features.inputs import columns_for
from fraud_assets.features.plan import Plan, by_entity, widened

WORKER_ROWS = 2_000_000
"""Payments that a worker holds at most, unless one entity alone has more; each of two takes about 2.1 GB then."""
BATCH_ROWS = 100_000

Share = Callable[[str], pl.Expr]
"""The condition that a payment's entity, given its column, belongs to a worker's share."""


def spread(spark: SparkSession, payments: pl.LazyFrame, labels: pl.LazyFrame, plan: Plan, rows: int) -> DataFrame:
    """The payments with a double for each declared feature, null where it is not the plan's, by Spark's workers.

    ``payments`` and ``labels`` are one source's, scanned from the lake at a given version each: the plans go to the
    workers, and a scan without a version would have each read what is newest just then. ``rows`` is about how many
    payments there are. Up to `WORKER_ROWS`, two workers each return half of the customers' payments; of more,
    customers' and merchants' features are computed apart, in as many shares as it takes, and joined.
    """
    labels = labels.select("transaction_id", "is_fraud", "known_at")
    payments = payments.select(plan.needed)
    of_customers, of_merchants = by_entity(plan.features)
    needed = payments.select(columns_for(columns(of_merchants)))
    usual = plan.population(payments)

    def both(own: Share) -> pl.DataFrame:
        mine, told = payments.filter(own("customer_id")).collect(), labels.collect()
        others = needed.filter(~own("customer_id")).collect()
        everyones = pl.concat([mine.select(others.columns), others])
        wanted = pl.int_range(everyones.height, eager=True) < mine.height
        merchants = plan.evaluate(everyones, told, usual, of_merchants, wanted)
        customers = plan.evaluate(mine, told, usual, of_customers)
        return widened(customers.with_columns(merchants[feature.name] for feature in of_merchants))

    def apart(own: pl.Expr, scanned: pl.LazyFrame, features: Sequence[Feature]) -> pl.DataFrame:
        mine = scanned.filter(own)
        told = labels.join(mine.select("transaction_id"), on="transaction_id", how="semi")
        return plan.evaluate(mine.collect(), told.collect(), usual, features)

    empty = widened(apart(pl.lit(False), payments.limit(0), plan.features))
    if rows <= WORKER_ROWS:
        return _shared(spark, both, 2, empty)
    shares = -(-2 * rows // WORKER_ROWS)  # half full on average, as entities are not equally busy
    added = [feature.name for feature in of_merchants]
    own = [name for name in empty.columns if name not in added]
    customers = _shared(
        spark, lambda own: widened(apart(own("customer_id"), payments, of_customers)), shares, empty.select(own)
    )
    merchants = _shared(
        spark,
        lambda own: apart(own("merchant_id"), needed, of_merchants),
        shares,
        empty.select("transaction_id", *added),
    )
    return customers.join(merchants, "transaction_id").select(*empty.columns)


def _shared(
    spark: SparkSession, compute: Callable[[Share], pl.DataFrame], shares: int, empty: pl.DataFrame
) -> DataFrame:
    """What ``compute`` makes of each share, a worker a share: the columns of ``empty``."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for share in batch.column(0).to_pylist():
                result = compute(partial(_belongs, shares=shares, share=share))
                yield from _arrow(result.select(empty.columns)).to_batches(max_chunksize=BATCH_ROWS)

    return spark.range(0, shares, 1, shares).mapInArrow(work, from_arrow_schema(_arrow(empty).schema))


def _belongs(entity: str, shares: int, share: int) -> pl.Expr:
    return pl.col(entity).hash(0) % shares == share


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
