"""Evaluation by Spark's workers: each reads its part of the lake, computes, and returns rows to write."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from fraud_assets.declarations.features.catalogue import columns
from fraud_assets.declarations.features.kinds import Entity, Feature
from fraud_assets.features.batch.chunks import CHUNK_ROWS, chunks_of
from fraud_assets.features.batch.plan import PAYMENT, STORED, Plan, by_entity, widened
from fraud_assets.features.inputs.row import columns_for

WORKER_ROWS = 1_000_000
"""Payments of a worker, on average: entities are not equally busy."""
FEWEST = 2
"""Smallest number of parts, so that every worker has one."""

Batches = Iterable[pa.RecordBatch]


def evaluate_spark(
    spark: SparkSession, payments: pl.LazyFrame, labels: pl.LazyFrame, plan: Plan, rows: int
) -> DataFrame:
    """The payments as `widened` has them, by Spark's workers.

    ``payments`` and ``labels`` are one source's, scanned from the lake at a given version each: the plans go to the
    workers, and a scan without a version would have each read what is newest just then. ``rows`` is about how many
    payments there are. Workers compute merchants' features, each of a part of the merchants; these go to the workers
    that compute customers', each of a part of the customers.
    """
    labels = labels.select("transaction_id", "is_fraud", "known_at")
    payments = payments.select(plan.needed)
    of_customers, of_merchants = by_entity(plan.features)
    needed = payments.select(columns_for(columns(of_merchants), PAYMENT))
    baseline = plan.baseline(payments)
    parts = max(FEWEST, -(-rows // WORKER_ROWS))
    added = [feature.name for feature in of_merchants]

    def apart(
        entity: Entity, part: int, scanned: pl.LazyFrame, features: Sequence[Feature], beside: pl.DataFrame | None
    ) -> Iterator[pl.DataFrame]:
        """Features of a part's payments, a chunk at a time, with the columns that ``beside`` has of them."""
        own = scanned.filter(_part_of(entity, parts) == part)
        own_labels = labels.join(own.select("transaction_id"), on="transaction_id", how="semi").collect()
        own_payments = own.collect() if beside is None else own.collect().join(beside, on="transaction_id")
        for chunk in chunks_of(own_payments.rechunk(), own_labels, entity):
            yield plan.evaluate(chunk.payments, chunk.labels, baseline, features)

    def merchants(part: int) -> Iterator[pl.DataFrame]:
        for found in apart("merchant_id", part, needed, of_merchants, None):
            yield found.select("transaction_id", pl.col(added).cast(STORED), part=_part_of("customer_id", parts))

    def customers(part: int, theirs: pl.DataFrame | None = None) -> Iterator[pl.DataFrame]:
        for found in apart("customer_id", part, payments, of_customers, theirs):
            yield widened(found).select(stored)

    def joined(batches: Batches) -> Iterator[pl.DataFrame]:
        received = [pl.DataFrame(batch) for batch in batches if batch.num_rows]
        if received:
            theirs = pl.concat(received)
            (part,) = theirs["part"].unique()
            yield from customers(part, theirs.drop("part"))

    none = payments.limit(0).collect()
    empty = widened(plan.evaluate(none, labels.limit(0).collect(), baseline))
    computed = {*(feature.name for feature in plan.features), *none.columns}
    stored = [name for name in empty.columns if name in computed]
    if added:
        theirs = _by_part(spark, merchants, parts, empty.select("transaction_id", *added, part=pl.lit(0, pl.Int32)))
        found = theirs.repartitionById(parts, "part").mapInArrow(_in_arrow(joined), _schema(empty.select(stored)))
    else:
        found = _by_part(spark, customers, parts, empty.select(stored))
    nothing = F.lit(None).cast("float")
    return found.select(*(F.col(name) if name in computed else nothing.alias(name) for name in empty.columns))


def _part_of(entity: Entity, parts: int) -> pl.Expr:
    return (pl.col(entity).hash(0) % parts).cast(pl.Int32)


def _by_part(
    spark: SparkSession, compute: Callable[[int], Iterator[pl.DataFrame]], parts: int, empty: pl.DataFrame
) -> DataFrame:
    """What ``compute`` makes of each part, a worker a part: the columns of ``empty``."""

    def work(batches: Batches) -> Iterator[pl.DataFrame]:
        for batch in batches:
            for part in batch.column(0).to_pylist():
                yield from compute(part)

    return spark.range(0, parts, 1, parts).mapInArrow(_in_arrow(work), _schema(empty))


def _in_arrow(work: Callable[[Batches], Iterator[pl.DataFrame]]) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    return lambda batches: (batch for made in work(batches) for batch in _arrow(made).to_batches(CHUNK_ROWS))


def _schema(frame: pl.DataFrame) -> StructType:
    schema: StructType = from_arrow_schema(_arrow(frame).schema)
    return schema


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
