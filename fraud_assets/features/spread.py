"""Spark spreads the evaluation: its workers read what they need of the lake, compute, and hand back rows to write."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from fraud_assets.features.catalogue import FEATURES, Feature, RowFeature
from fraud_assets.features.evaluate import evaluate

WORKER_ROWS = 2_000_000
"""Payments that one worker holds at most, unless one entity alone has more; about 1 GB while it computes."""
BATCH_ROWS = 100_000

_OF_CUSTOMERS = tuple(f for f in FEATURES if isinstance(f, RowFeature) or f.entity == "customer_id")
_OF_MERCHANTS = tuple(f for f in FEATURES if f not in _OF_CUSTOMERS)
_MERCHANTS_NEED = ("transaction_id", "event_time", "merchant_id", "amount")

Share = Callable[[str], pl.Expr]
"""The condition that a payment's entity, given its column, belongs to a worker's share."""


def spread(spark: SparkSession, payments: pl.LazyFrame, labels: pl.LazyFrame, label_delay: int, rows: int) -> DataFrame:
    """The payments as they came, with a double for each declared feature; as `evaluate`, computed by Spark's workers.

    ``payments`` and ``labels`` are one source's, scanned from the lake at a given version each: the plans go to the
    workers, and a scan without a version would have each read what is newest just then. ``label_delay`` is in seconds,
    ``rows`` about how many payments there are. Up to `WORKER_ROWS`
    two workers each return half of the customers' payments; of more, customers' and merchants' features are computed
    apart, in as many shares as it takes, and joined.
    """
    labels = labels.select("transaction_id", "is_fraud", "known_at")
    needed = payments.select(_MERCHANTS_NEED)

    def both(own: Share) -> pl.DataFrame:
        mine = payments.filter(own("customer_id")).collect()
        others = payments.filter(~own("customer_id")).select(_MERCHANTS_NEED).collect()
        told = labels.collect()
        everyones = pl.concat((mine.select(_MERCHANTS_NEED), others))
        wanted = pl.int_range(everyones.height, eager=True) < mine.height
        merchants = evaluate(everyones, told, label_delay, features=_OF_MERCHANTS, wanted=wanted)
        return evaluate(mine, told, label_delay, features=_OF_CUSTOMERS).with_columns(
            merchants[feature.name] for feature in _OF_MERCHANTS
        )

    def of_customers(own: Share) -> pl.DataFrame:
        return evaluate(
            payments.filter(own("customer_id")).collect(),
            labels.limit(0).collect(),
            label_delay,
            features=_OF_CUSTOMERS,
        )

    def of_merchants(own: Share) -> pl.DataFrame:
        mine = needed.filter(own("merchant_id")).collect()
        told = labels.join(mine.lazy(), on="transaction_id", how="semi").collect()
        return evaluate(mine, told, label_delay, features=_OF_MERCHANTS)

    if rows <= WORKER_ROWS:
        return _shared(spark, both, 2, payments, FEATURES)
    shares = -(-2 * rows // WORKER_ROWS)  # half full on average, as entities are not equally busy
    merchants = _shared(spark, of_merchants, shares, needed, _OF_MERCHANTS).drop(*_MERCHANTS_NEED[1:])
    customers = _shared(spark, of_customers, shares, payments, _OF_CUSTOMERS)
    added = [feature.name for feature in _OF_MERCHANTS]
    return customers.join(merchants, "transaction_id").select(*customers.columns, *added)


def _shared(
    spark: SparkSession,
    compute: Callable[[Share], pl.DataFrame],
    shares: int,
    payments: pl.LazyFrame,
    features: Sequence[Feature],
) -> DataFrame:
    """What ``compute`` makes of each share, a worker a share: the columns of ``payments`` and the features."""
    none = pl.DataFrame(
        schema={"transaction_id": pl.String, "is_fraud": pl.Boolean, "known_at": pl.Datetime("us", "UTC")}
    )
    empty = evaluate(payments.limit(0).collect(), none, 0, features=features)

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
