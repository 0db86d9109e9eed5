"""Which rows late data affect, and their features recomputed: for small increments, in this process.

A new payment or label affects all payments whose windows it falls into.
"""

from datetime import datetime, timedelta

import polars as pl

from fraud_assets.declarations.features.catalogue import ENTITIES
from fraud_assets.features.batch.plan import PAYMENT, Plan, widened
from fraud_assets.features.inputs.baseline import HOUR, SPAN


def affected_rows(
    payments: pl.LazyFrame,
    labels: pl.LazyFrame,
    new_payments: pl.DataFrame,
    new_labels: pl.DataFrame,
    plan: Plan,
    before: pl.DataFrame,
    since: datetime | None = None,
) -> pl.DataFrame:
    """The features of every payment whose windows the new rows fall into, the new payments among them.

    ``payments`` and ``labels`` are all of one source, the new rows included. ``new_payments`` are new payments, and
    corrected and deleted ones with their old and their new content; ``before`` are the latter with their old content.
    Every payment from ``since`` on is affected, whatever is new. Reads no more than the affected payments' windows.
    """
    payments = payments.select(plan.needed)
    labelled = _payments(payments, new_labels["transaction_id"])
    latest = _latest(labels, pl.concat([new_payments["transaction_id"], new_labels["transaction_id"]]))
    new_payments = new_payments.join(latest, on="transaction_id", how="left")
    new_labels = new_labels.join(labelled, on="transaction_id").join(latest, on="transaction_id")
    candidates = _candidates(payments, _reach(new_payments, new_labels, plan))
    if since is not None:
        later = payments.filter(pl.col("event_time") >= since).collect()
        candidates = pl.concat([candidates, later]).unique("transaction_id")
    if plan.has_baseline:
        compared = _with_other_baseline(payments, new_payments, before, plan)
        candidates = pl.concat([candidates, compared]).unique("transaction_id")
    if candidates.is_empty():
        return widened(candidates.select(PAYMENT))
    newest = candidates["event_time"].max()
    context = _context(payments, candidates, plan)
    furthest = max(map(plan.horizon, ENTITIES))
    late = labels.filter(pl.col("known_at").is_between(_before(candidates, furthest), newest)).select("transaction_id")
    missing = late.collect().join(context, on="transaction_id", how="anti")["transaction_id"]
    whose = _among("customer_id", candidates) | _among("merchant_id", candidates)
    context = pl.concat([context, _payments(payments, missing).filter(whose)])
    known = labels.filter(pl.col("known_at") <= newest, _one_of(context["transaction_id"])).collect()
    baseline = plan.baseline(payments.filter(_within(candidates, SPAN + HOUR)))
    wanted = context["transaction_id"].is_in(candidates["transaction_id"].implode())
    return widened(plan.evaluate(context, known, baseline, wanted=wanted))


def _latest(labels: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    """When the last label of each of the payments became known: a new label corrects the later ones too."""
    return labels.filter(_one_of(ids)).group_by("transaction_id").agg(last=pl.col("known_at").max()).collect()


def _payments(payments: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    return payments.head(0).collect() if ids.is_empty() else payments.filter(_one_of(ids)).collect()


def _reach(new_payments: pl.DataFrame, new_labels: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """How far the new rows reach: columns entity, id, since and until (event times, both included)."""
    happened = pl.col("event_time")
    due = happened + plan.label_delay
    corrected = pl.max_horizontal(due, "last")
    known = pl.min_horizontal("known_at", due)
    return pl.concat(
        rows.select(
            entity=pl.lit(entity),
            id=entity,
            since=since,
            until=corrected + plan.horizon(entity),
        )
        for entity in ENTITIES
        for rows, since in ((new_payments, happened), (new_labels, known))
    )


def _candidates(payments: pl.LazyFrame, reach: pl.DataFrame) -> pl.DataFrame:
    """The payments within reach."""
    found = []
    for entity in ENTITIES:
        spans = reach.filter(pl.col("entity") == entity).drop("entity")
        near = payments.filter(
            pl.col("event_time").is_between(spans["since"].min(), spans["until"].max()),
            pl.col(entity).is_in(spans["id"].unique().implode()),
        ).collect()
        pairs = near.join(spans, left_on=entity, right_on="id")
        found.append(pairs.filter(pl.col("event_time").is_between("since", "until")).select(near.columns))
    return pl.concat(found).unique("transaction_id")


def _with_other_baseline(
    payments: pl.LazyFrame, new_payments: pl.DataFrame, before: pl.DataFrame, plan: Plan
) -> pl.DataFrame:
    """The new payments, and those of later hours whose baseline they change."""
    if new_payments.is_empty():
        return payments.head(0).collect()
    new = new_payments["transaction_id"]
    first, last = new_payments["event_time"].min(), new_payments["event_time"].max()
    own = payments.filter(_one_of(new)).collect()
    hour = pl.col("event_time").dt.truncate("1h")
    later = payments.filter(pl.col("event_time").is_between(first, pl.lit(last) + SPAN + HOUR), ~_one_of(new)).collect()
    if later.is_empty():
        return own
    recent = payments.filter(pl.col("event_time").is_between(pl.lit(first) - SPAN - HOUR, later["event_time"].max()))
    amounts = ["event_time", "amount"]
    formerly = pl.concat([recent.filter(~_one_of(new)).select(amounts), before.lazy().select(amounts)])
    after, earlier = plan.baseline(recent), plan.baseline(formerly)
    same = after.join(earlier, on=after.columns, how="semi", nulls_equal=True)
    return pl.concat([own, later.filter(~hour.is_in(same["hour"].implode()))])


def _context(payments: pl.LazyFrame, candidates: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """All payments of the candidates' customers and merchants that their windows can hold."""
    whose = [
        _within(candidates, plan.horizon(entity) + plan.label_delay) & _among(entity, candidates) for entity in ENTITIES
    ]
    return payments.filter(pl.any_horizontal(whose)).collect()


def _within(candidates: pl.DataFrame, reach: timedelta) -> pl.Expr:
    return pl.col("event_time").is_between(_before(candidates, reach), candidates["event_time"].max())


def _before(candidates: pl.DataFrame, span: timedelta) -> pl.Expr:
    return pl.lit(candidates["event_time"].min()) - pl.lit(span)


def _among(entity: str, candidates: pl.DataFrame) -> pl.Expr:
    return pl.col(entity).is_in(candidates[entity].unique().implode())


def _one_of(ids: pl.Series) -> pl.Expr:
    return pl.col("transaction_id").is_in(ids.unique().implode())
