"""A whole source in this process: shares of customers and of merchants, evaluated on all cores, some at a time."""

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

SHARE_ROWS = 100_000
"""Payments in a share, about: few enough for a processor's caches, enough to keep it busy."""
_OF_MERCHANT = ("transaction_id", "event_time", "merchant_id", "amount")


@dataclass(frozen=True)
class Share:
    """The payments of some entities in the order (entity, event_time), and the labels about them.

    ``begin`` and ``end`` are where they stand in that order of all payments, ``rows`` their positions in the source;
    ``row`` of the labels is a payment's position in the share.
    """

    begin: int
    end: int
    rows: Integers
    payments: pl.DataFrame
    labels: pl.DataFrame


def in_shares(payments: pl.LazyFrame, labels: pl.LazyFrame, plan: Plan) -> Iterator[pl.DataFrame]:
    """The payments as `widened` has them, a share at a time.

    ``payments`` and ``labels`` are one source's, all of them. They, merchants' features and some shares are held at
    once: about 1.9 GB for 1.75 million payments on two cores.
    """
    of_customers, of_merchants = by_entity(plan.features)
    read = labels.select("transaction_id", "is_fraud", "known_at")
    paid, about = pl.collect_all([payments.select(plan.needed), read])
    paid = paid.rechunk()  # rows are taken from one chunk much faster than from two
    names = [feature.name for feature in of_merchants]
    entities = ENTITIES if of_merchants else ENTITIES[:1]
    theirs = np.empty((paid.height, len(names)), np.float32)
    place = np.empty(paid.height, np.int64)

    def merchants(share: Share) -> None:
        found = plan.evaluate(share.payments, share.labels, usual, of_merchants)
        theirs[share.begin : share.end] = found.select(names).to_numpy()
        place[share.rows] = np.arange(share.begin, share.end)

    def customers(share: Share) -> pl.DataFrame:
        found = plan.evaluate(share.payments, share.labels, usual, of_customers)
        if of_merchants:
            added = np.take(theirs, place[share.rows], axis=0)
            found = found.hstack(pl.DataFrame(added, schema=dict.fromkeys(names, STORED), nan_to_null=True))
        return widened(found)

    with ThreadPoolExecutor(CORES) as pool:
        orders = {entity: pool.submit(_order, paid, entity) for entity in entities}
        baseline = pool.submit(plan.baseline, paid.lazy())
        told = labels_of(paid, about).sort("row")
        usual = baseline.result()
        if of_merchants:
            needed = paid.select(columns_for(columns(of_merchants), _OF_MERCHANT))
            for _ in each(pool, merchants, _shares(needed, told, *orders["merchant_id"].result())):
                pass
        yield from each(pool, customers, _shares(paid, told, *orders["customer_id"].result()))


def shares_of(paid: pl.DataFrame, labels: pl.DataFrame, entity: Entity) -> Iterator[Share]:
    """The shares of some payments, one after the other; whole entities have to be there."""
    return _shares(paid, labels_of(paid, labels).sort("row"), *_order(paid, entity))


def _order(paid: pl.DataFrame, entity: Entity) -> tuple[Integers, Integers]:
    """The payments' positions in the order (entity, event_time), and where in it shares of whole entities begin."""
    codes = codes_of(paid[entity])
    order = ordered(codes, paid["event_time"].to_physical().to_numpy())
    codes = codes[order]
    begins = np.flatnonzero((np.diff(codes, prepend=-2) != 0) | (codes < 0))  # of no entity each is on its own
    if len(begins) == 0:
        return order, np.zeros(1, np.int64)
    after = np.searchsorted(begins, np.arange(0, len(codes), SHARE_ROWS))
    return order, np.unique(begins[after[after < len(begins)]])


def _shares(paid: pl.DataFrame, told: pl.DataFrame, order: Integers, begins: Integers) -> Iterator[Share]:
    first = np.append(0, np.cumsum(np.bincount(told["row"], minlength=len(order))))  # label of each payment
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        rows = order[begin:end]
        row, label = members(first, rows)
        yield Share(begin, end, rows, paid[rows], told[label].with_columns(row=pl.Series(row)))
