"""Spark spreads the evaluation: payments to workers, by entity where they are too many for one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DoubleType, StructType, TimestampType

from fraud_assets.features.catalogue import FEATURES, Entity, Feature, RowFeature
from fraud_assets.features.evaluate import ENTITIES, evaluate

WORKER_ROWS = 2_000_000
"""Payments that one worker holds at most, unless one entity alone has more; about 1 GB while it computes."""
BATCH_ROWS = 100_000

_LABEL = StructType().add("is_fraud", BooleanType()).add("known_at", TimestampType())


def spread(transactions: DataFrame, labels: DataFrame, label_delay: int, rows: int) -> DataFrame:
    """The payments as they came, with a double for each declared feature; as `evaluate`, computed by Spark's workers.

    ``transactions`` are payments of one source, ``labels`` what is known about them, ``label_delay`` is in seconds,
    ``rows`` about how many payments there are: up to `WORKER_ROWS` one worker takes them all, for more they are
    shuffled by customer, then by merchant.
    """
    labels = labels.select("transaction_id", "is_fraud", "known_at")
    if rows <= WORKER_ROWS:
        return _spread(_together(transactions, labels).coalesce(1), transactions, label_delay, ENTITIES, FEATURES)
    partitions = -(-2 * rows // WORKER_ROWS)  # half full on average, as entities are not equally busy
    alone = tuple(f for f in FEATURES if isinstance(f, RowFeature) or f.entity == "customer_id")
    of_customers = _together(transactions, labels.limit(0)).repartition(partitions, "customer_id")
    payments = _spread(of_customers, transactions, label_delay, ["customer_id"], alone)
    placed = labels.join(transactions.select("transaction_id", "merchant_id"), "transaction_id")
    of_merchants = _together(payments, placed).repartition(partitions, "merchant_id")
    rest = tuple(f for f in FEATURES if f not in alone)
    return _spread(of_merchants, payments, label_delay, ["merchant_id"], rest)


def _together(transactions: DataFrame, labels: DataFrame) -> DataFrame:
    """Payments and labels as rows of one frame, which is what a worker can be given; a label has no event_time."""
    empty = {field.name: F.lit(None).cast(field.dataType) for field in _LABEL}
    return transactions.withColumns(empty).unionByName(labels, allowMissingColumns=True)


def _spread(
    rows: DataFrame,
    transactions: DataFrame,
    label_delay: int,
    entities: Collection[Entity],
    features: Sequence[Feature],
) -> DataFrame:
    schema = StructType([*transactions.schema.fields])
    for feature in features:
        if feature.name not in transactions.columns:
            schema.add(feature.name, DoubleType())
    return rows.mapInArrow(_worker(label_delay, entities, features), schema)


def _worker(
    label_delay: int, entities: Collection[Entity], features: Sequence[Feature]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        received = list(batches)
        if not received:
            return
        rows = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(received)))
        paid = pl.col("event_time").is_not_null()
        labels = rows.filter(~paid).select("transaction_id", "is_fraud", "known_at")
        payments = rows.filter(paid).drop("is_fraud", "known_at")
        result = evaluate(payments, labels, label_delay, entities, features)
        yield from result.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches(max_chunksize=BATCH_ROWS)

    return work
