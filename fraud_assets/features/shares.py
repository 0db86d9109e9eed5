"""A whole source in this process: shares of customers and of merchants, evaluated on all cores, some at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl

from fraud_assets.features.catalogue import columns
from fraud_assets.features.inputs import columns_for
from fraud_assets.features.plan import Plan, by_entity, widened

CORES = pl.thread_pool_size()
SHARE_ROWS = 50_000
"""Payments in a share, on average: few enough for a processor's caches, enough to keep it busy."""

Share = tuple[pl.DataFrame, pl.DataFrame]
"""The payments of some entities, with their position in ``index``, and the labels about them."""


def in_shares(payments: pl.LazyFrame, labels: pl.LazyFrame, plan: Plan) -> Iterator[pl.DataFrame]:
    """The payments with a double for each declared feature, null where it is not the plan's, a share at a time.

    ``payments`` and ``labels`` are one source's, all of them. They, merchants' features and some shares are held at
    once: about 1.9 GB for 1.75 million payments on two cores.
    """
    of_customers, of_merchants = by_entity(plan.features)
    paid = payments.select(plan.needed).collect().with_row_index()
    usual = plan.population(paid.lazy())
    about = paid.select("transaction_id", "index", "customer_id", "merchant_id")
    told = labels.select("transaction_id", "is_fraud", "known_at").collect().join(about, on="transaction_id")
    told = told.drop("transaction_id")

    def merchants(share: Share) -> pl.DataFrame:
        found = plan.evaluate(*share, usual, of_merchants)
        return found.select(share[0]["index"], *(feature.name for feature in of_merchants))

    def customers(share: Share) -> pl.DataFrame:
        found = plan.evaluate(*share, usual, of_customers)
        return widened(found.with_columns(merchant_features[place[share[0]["index"]]]) if of_merchants else found)

    with ThreadPoolExecutor(CORES) as pool:
        if of_merchants:
            needed = paid.select("index", *columns_for(columns(of_merchants)))
            merchant_features = pl.concat(_each(pool, merchants, _shares(needed, told, "merchant_id")), rechunk=True)
            place = merchant_features.drop_in_place("index").arg_sort()
        yield from _each(pool, customers, _shares(paid, told, "customer_id"))


def belongs(entity: str, shares: int) -> pl.Expr:
    """Which of so many shares a payment is in, given the column of its entity."""
    return pl.col(entity).hash(0) % shares


def _shares(paid: pl.DataFrame, told: pl.DataFrame, entity: str) -> Iterator[Share]:
    share = belongs(entity, -(-paid.height // SHARE_ROWS) or 1)
    payments, labels = (
        frame.with_columns(share=share).partition_by("share", as_dict=True, include_key=False) for frame in (paid, told)
    )
    for key, rows in (payments or {(0,): paid}).items():
        yield rows, labels.get(key, told.clear())


def _each(
    pool: ThreadPoolExecutor, work: Callable[[Share], pl.DataFrame], shares: Iterable[Share]
) -> Iterator[pl.DataFrame]:
    """What ``work`` makes of each share, in order; no more are made ahead than there are cores."""
    made: deque[Future[pl.DataFrame]] = deque()
    for share in shares:
        made.append(pool.submit(work, share))
        if len(made) > CORES:
            yield made.popleft().result()
    yield from (one.result() for one in made)
