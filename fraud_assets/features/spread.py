"""Spark spreads the evaluation: payments to workers, by entity where they are too many for one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce

import polars as pl
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DoubleType, StructType, TimestampType

from fraud_assets.features.catalogue import FEATURES, Feature, RowFeature
from fraud_assets.features.evaluate import evaluate

WORKER_ROWS = 2_000_000
"""Payments that one worker holds at most, unless one entity alone has more; about 1 GB while it computes."""
SHARES = 2
"""Workers that share up to `WORKER_ROWS` payments: each reads all, which two still gain from and more would not."""
BATCH_ROWS = 100_000

_LABEL = StructType().add("is_fraud", BooleanType()).add("known_at", TimestampType())
_FOR_ALL = ("transaction_id", "event_time", "merchant_id", "amount")
_OF_CUSTOMERS = tuple(f for f in FEATURES if isinstance(f, RowFeature) or f.entity == "customer_id")
_OF_MERCHANTS = tuple(f for f in FEATURES if f not in _OF_CUSTOMERS)


def spread(transactions: DataFrame, labels: DataFrame, label_delay: int, rows: int) -> DataFrame:
    """The payments as they came, with a double for each declared feature; as `evaluate`, computed by Spark's workers.

    ``transactions`` are payments of one source, ``labels`` what is known about them, ``label_delay`` is in seconds,
    ``rows`` about how many payments there are. Up to `WORKER_ROWS`, `SHARES` workers read them without a shuffle: each
    returns its share of the customers. More are shuffled by customer, then by merchant.
    """
    labels = labels.select("transaction_id", "is_fraud", "known_at")
    if rows <= WORKER_ROWS:
        share = F.pmod(F.xxhash64("customer_id"), F.lit(SHARES))
        shares = (
            _computed(
                _together(_others_bare(transactions, share == n), labels).coalesce(1),
                transactions,
                FEATURES,
                lambda payments, told: _share(payments, told, label_delay),
            )
            for n in range(SHARES)
        )
        return reduce(DataFrame.unionAll, shares)
    partitions = -(-2 * rows // WORKER_ROWS)  # half full on average, as entities are not equally busy
    by_customer = _together(transactions, labels.limit(0)).repartition(partitions, "customer_id")
    payments = _computed(
        by_customer,
        transactions,
        _OF_CUSTOMERS,
        lambda payments, told: evaluate(payments, told, label_delay, features=_OF_CUSTOMERS),
    )
    placed = labels.join(transactions.select("transaction_id", "merchant_id"), "transaction_id")
    return _computed(
        _together(payments, placed).repartition(partitions, "merchant_id"),
        payments,
        _OF_MERCHANTS,
        lambda payments, told: evaluate(payments, told, label_delay, features=_OF_MERCHANTS),
    )


def _others_bare(transactions: DataFrame, own: Column) -> DataFrame:
    """All payments; those of other shares with only what merchants' windows need, so without a customer_id."""
    return transactions.select(
        *(F.when(own | F.lit(c in _FOR_ALL), F.col(c)).alias(c) for c in transactions.columns)  # null elsewhere
    )


def _share(payments: pl.DataFrame, labels: pl.DataFrame, label_delay: int) -> pl.DataFrame:
    own = payments["customer_id"].is_not_null()
    of_customers = evaluate(payments.filter(own), labels, label_delay, features=_OF_CUSTOMERS)
    of_merchants = evaluate(payments, labels, label_delay, features=_OF_MERCHANTS, wanted=own)
    return of_customers.with_columns(of_merchants[feature.name] for feature in _OF_MERCHANTS)


def _together(transactions: DataFrame, labels: DataFrame) -> DataFrame:
    """Payments and labels as rows of one frame, which is what a worker can be given; a label has no event_time."""
    empty = {field.name: F.lit(None).cast(field.dataType) for field in _LABEL}
    return transactions.withColumns(empty).unionByName(labels, allowMissingColumns=True)


def _computed(
    rows: DataFrame,
    transactions: DataFrame,
    features: Sequence[Feature],
    evaluation: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame],
) -> DataFrame:
    """What ``evaluation`` makes of each partition's payments and labels."""
    added = [feature.name for feature in features if feature.name not in transactions.columns]
    schema = reduce(lambda found, name: found.add(name, DoubleType()), added, StructType(transactions.schema.fields[:]))
    columns = schema.names

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        received = list(batches)
        if not received:
            return
        together = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(received)))
        paid = pl.col("event_time").is_not_null()
        labels = together.filter(~paid).select("transaction_id", "is_fraud", "known_at")
        result = evaluation(together.filter(paid).drop("is_fraud", "known_at"), labels).select(columns)
        yield from result.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches(max_chunksize=BATCH_ROWS)

    return rows.mapInArrow(work, schema)
