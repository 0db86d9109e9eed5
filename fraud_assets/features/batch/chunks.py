"""A whole source in this process: chunks of customers and of merchants, evaluated on all cores, some at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from fraud_assets.declarations.features.catalogue import ENTITIES, columns
from fraud_assets.declarations.features.kinds import Entity
from fraud_assets.features.algebra.loops import Integers, members
from fraud_assets.features.algebra.windows import codes_of, ordered
from fraud_assets.features.batch.plan import STORED, Plan, by_entity, widened
from fraud_assets.features.events.labels import labels_of
from fraud_assets.features.inputs.row import columns_for
from fraud_assets.parallel import CORES, each

CHUNK_ROWS = 100_000
"""Payments in a chunk, about: few enough for a processor's caches, enough to keep it busy."""
_OF_MERCHANT = ("transaction_id", "event_time", "merchant_id", "amount")


@dataclass(frozen=True)
class Chunk:
    """The payments of some entities in the order (entity, event_time), and the labels about them.

    ``begin`` and ``end`` are where they stand in that order of all payments, ``rows`` their positions in the source;
    ``row`` of the labels is a payment's position in the chunk.
    """

    begin: int
    end: int
    rows: Integers
    payments: pl.DataFrame
    labels: pl.DataFrame


def evaluate_in_chunks(payments: pl.LazyFrame, labels: pl.LazyFrame, plan: Plan) -> Iterator[pl.DataFrame]:
    """The payments as `widened` has them, a chunk at a time.

    ``payments`` and ``labels`` are all of one source's. They, merchants' features and some chunks are in memory: about
    1.9 GB for 1.75 million payments on two cores.
    """
    of_customers, of_merchants = by_entity(plan.features)
    read = labels.select("transaction_id", "is_fraud", "known_at")
    frame, about = pl.collect_all([payments.select(plan.needed), read])
    frame = frame.rechunk()  # rows are taken from one chunk much faster than from two
    names = [feature.name for feature in of_merchants]
    entities = ENTITIES if of_merchants else ENTITIES[:1]
    merchant_values = np.empty((frame.height, len(names)), np.float32)
    position = np.empty(frame.height, np.int64)

    def merchants(chunk: Chunk) -> None:
        found = plan.evaluate(chunk.payments, chunk.labels, baseline, of_merchants)
        merchant_values[chunk.begin : chunk.end] = found.select(names).to_numpy()
        position[chunk.rows] = np.arange(chunk.begin, chunk.end)

    def customers(chunk: Chunk) -> pl.DataFrame:
        found = plan.evaluate(chunk.payments, chunk.labels, baseline, of_customers)
        if of_merchants:
            added = np.take(merchant_values, position[chunk.rows], axis=0)
            found = found.hstack(pl.DataFrame(added, schema=dict.fromkeys(names, STORED), nan_to_null=True))
        return widened(found)

    with ThreadPoolExecutor(CORES) as pool:
        orders = {entity: pool.submit(_order, frame, entity) for entity in entities}
        computing = pool.submit(plan.baseline, frame.lazy())
        label_rows = labels_of(frame, about).sort("row")
        baseline = computing.result()
        if of_merchants:
            needed = frame.select(columns_for(columns(of_merchants), _OF_MERCHANT))
            for _ in each(pool, merchants, _chunks(needed, label_rows, *orders["merchant_id"].result())):
                pass
        yield from each(pool, customers, _chunks(frame, label_rows, *orders["customer_id"].result()))


def chunks_of(frame: pl.DataFrame, labels: pl.DataFrame, entity: Entity) -> Iterator[Chunk]:
    """The chunks of some payments, one after the other; whole entities have to be there."""
    return _chunks(frame, labels_of(frame, labels).sort("row"), *_order(frame, entity))


def _order(frame: pl.DataFrame, entity: Entity) -> tuple[Integers, Integers]:
    """The payments' positions in the order (entity, event_time), and where in it chunks of whole entities begin."""
    codes = codes_of(frame[entity])
    order = ordered(codes, frame["event_time"].to_physical().to_numpy())
    codes = codes[order]
    begins = np.flatnonzero((np.diff(codes, prepend=-2) != 0) | (codes < 0))  # of no entity each is on its own
    if len(begins) == 0:
        return order, np.zeros(1, np.int64)
    after = np.searchsorted(begins, np.arange(0, len(codes), CHUNK_ROWS))
    return order, np.unique(begins[after[after < len(begins)]])


def _chunks(frame: pl.DataFrame, label_rows: pl.DataFrame, order: Integers, begins: Integers) -> Iterator[Chunk]:
    first = np.append(0, np.cumsum(np.bincount(label_rows["row"], minlength=len(order))))  # label of each payment
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        rows = order[begin:end]
        row, label = members(first, rows)
        yield Chunk(begin, end, rows, frame[rows], label_rows[label].with_columns(row=pl.Series(row)))
