"""Which payments new payments and labels touch, and their features again: small increments, in this process."""

from datetime import timedelta

import polars as pl

from fraud_assets.features.catalogue import HORIZON
from fraud_assets.features.evaluate import evaluate

NEEDED = ["source", "transaction_id", "event_time", "customer_id", "merchant_id", "amount", "kafka_time"]


def touched(
    payments: pl.LazyFrame,
    labels: pl.LazyFrame,
    paid: pl.DataFrame,
    told: pl.DataFrame,
    label_delay: timedelta,
) -> pl.DataFrame:
    """The features of every payment whose windows the new rows fall into, the new payments among them.

    ``payments`` and ``labels`` are all of one source, the new rows included; ``paid`` are the new payments,
    ``told`` the new labels. Reads no more than the windows of the touched payments reach.
    """
    about = _payments(payments, told["transaction_id"])
    latest = _latest(labels, pl.concat([paid["transaction_id"], told["transaction_id"]]))
    paid = paid.join(latest, on="transaction_id", how="left")
    told = told.join(about, on="transaction_id").join(latest, on="transaction_id")
    candidates = _candidates(payments, _reach(paid, told, label_delay))
    if candidates.is_empty():
        return candidates
    newest = candidates["event_time"].max()
    context = _context(payments, candidates, HORIZON + label_delay)
    late = labels.filter(pl.col("known_at").is_between(_before(candidates, HORIZON), newest)).select("transaction_id")
    missing = late.collect().join(context, on="transaction_id", how="anti")["transaction_id"]
    elsewhere = _payments(payments, missing).filter(_among("merchant_id", candidates))
    context = pl.concat([context, elsewhere])
    known = labels.filter(pl.col("known_at") <= newest, _one_of(context["transaction_id"])).collect()
    computed = evaluate(context, known, int(label_delay.total_seconds()))
    return computed.join(candidates.select("transaction_id"), on="transaction_id", how="semi")


def _latest(labels: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    """When the last label of each of the payments became known: a new label corrects the later ones too."""
    return labels.filter(_one_of(ids)).group_by("transaction_id").agg(last=pl.col("known_at").max()).collect()


def _payments(payments: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    if ids.is_empty():
        return payments.select(NEEDED).head(0).collect()
    return payments.filter(_one_of(ids)).select(NEEDED).collect()


def _reach(paid: pl.DataFrame, told: pl.DataFrame, label_delay: timedelta) -> pl.DataFrame:
    """How far the new rows reach: columns entity, id, since and until (event times, both included)."""
    happened = pl.col("event_time")
    due = happened + label_delay
    corrected = pl.max_horizontal(due, "last")
    return pl.concat(
        [
            paid.select(entity=pl.lit("customer_id"), id="customer_id", since=happened, until=happened + HORIZON),
            paid.select(entity=pl.lit("merchant_id"), id="merchant_id", since=happened, until=corrected + HORIZON),
            told.select(
                entity=pl.lit("merchant_id"),
                id="merchant_id",
                since=pl.min_horizontal("known_at", due),
                until=corrected + HORIZON,
            ),
        ]
    )


def _candidates(payments: pl.LazyFrame, reach: pl.DataFrame) -> pl.DataFrame:
    """The payments within reach."""
    found = []
    for entity in ("customer_id", "merchant_id"):
        spans = reach.filter(pl.col("entity") == entity)
        near = payments.filter(
            pl.col("event_time").is_between(spans["since"].min(), spans["until"].max()),
            pl.col(entity).is_in(spans["id"].unique().implode()),
        )
        pairs = near.select(NEEDED).collect().join(spans, left_on=entity, right_on="id")
        found.append(pairs.filter(pl.col("event_time").is_between("since", "until")).select(NEEDED))
    return pl.concat(found).unique("transaction_id")


def _context(payments: pl.LazyFrame, candidates: pl.DataFrame, reach: timedelta) -> pl.DataFrame:
    """All payments of the candidates' customers and merchants that their windows can hold."""
    within = pl.col("event_time").is_between(_before(candidates, reach), candidates["event_time"].max())
    whose = _among("customer_id", candidates) | _among("merchant_id", candidates)
    return payments.filter(within, whose).select(NEEDED).collect()


def _before(candidates: pl.DataFrame, span: timedelta) -> pl.Expr:
    return pl.lit(candidates["event_time"].min()) - pl.lit(span)


def _among(entity: str, candidates: pl.DataFrame) -> pl.Expr:
    return pl.col(entity).is_in(candidates[entity].unique().implode())


def _one_of(ids: pl.Series) -> pl.Expr:
    return pl.col("transaction_id").is_in(ids.unique().implode())
