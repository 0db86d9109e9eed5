"""Which payments new payments and labels touch, and their features again: small increments, in this process."""

from datetime import datetime, timedelta

import polars as pl

from fraud_assets.declarations.features.catalogue import ENTITIES
from fraud_assets.features.batch.plan import PAYMENT, Plan, widened
from fraud_assets.features.inputs.baseline import HOUR, SPAN


def touched(
    payments: pl.LazyFrame,
    labels: pl.LazyFrame,
    paid: pl.DataFrame,
    told: pl.DataFrame,
    plan: Plan,
    before: pl.DataFrame,
    since: datetime | None = None,
) -> pl.DataFrame:
    """The features of every payment whose windows the new rows fall into, the new payments among them.

    ``payments`` and ``labels`` are all of one source, the new rows included; ``paid`` says where new payments stand and
    where corrected and deleted ones stood and stand, ``told`` are the new labels. ``before`` are the latter payments as
    they stood. Every payment from ``since`` on is taken, whatever came. Reads no more than the windows of the touched
    payments reach.
    """
    payments = payments.select(plan.needed)
    about = _payments(payments, told["transaction_id"])
    latest = _latest(labels, pl.concat([paid["transaction_id"], told["transaction_id"]]))
    paid = paid.join(latest, on="transaction_id", how="left")
    told = told.join(about, on="transaction_id").join(latest, on="transaction_id")
    candidates = _candidates(payments, _reach(paid, told, plan))
    if since is not None:
        later = payments.filter(pl.col("event_time") >= since).collect()
        candidates = pl.concat([candidates, later]).unique("transaction_id")
    if plan.has_baseline:
        candidates = pl.concat([candidates, _compared(payments, paid, before, plan)]).unique("transaction_id")
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
    usual = plan.baseline(payments.filter(_within(candidates, SPAN + HOUR)))
    wanted = context["transaction_id"].is_in(candidates["transaction_id"].implode())
    return widened(plan.evaluate(context, known, usual, wanted=wanted))


def _latest(labels: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    """When the last label of each of the payments became known: a new label corrects the later ones too."""
    return labels.filter(_one_of(ids)).group_by("transaction_id").agg(last=pl.col("known_at").max()).collect()


def _payments(payments: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    return payments.head(0).collect() if ids.is_empty() else payments.filter(_one_of(ids)).collect()


def _reach(paid: pl.DataFrame, told: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """How far the new rows reach: columns entity, id, since and until (event times, both included)."""
    happened = pl.col("event_time")
    due = happened + plan.label_delay
    corrected = pl.max_horizontal(due, "last")
    heard = pl.min_horizontal("known_at", due)
    return pl.concat(
        rows.select(
            entity=pl.lit(entity),
            id=entity,
            since=since,
            until=corrected + plan.horizon(entity),
        )
        for entity in ENTITIES
        for rows, since in ((paid, happened), (told, heard))
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


def _compared(payments: pl.LazyFrame, paid: pl.DataFrame, was: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The new payments, and those of later hours for which they change what is usual in the source."""
    if paid.is_empty():
        return payments.head(0).collect()
    new = paid["transaction_id"]
    first, last = paid["event_time"].min(), paid["event_time"].max()
    own = payments.filter(_one_of(new)).collect()
    hour = pl.col("event_time").dt.truncate("1h")
    later = payments.filter(pl.col("event_time").is_between(first, pl.lit(last) + SPAN + HOUR), ~_one_of(new)).collect()
    if later.is_empty():
        return own
    recent = payments.filter(pl.col("event_time").is_between(pl.lit(first) - SPAN - HOUR, later["event_time"].max()))
    amounts = ["event_time", "amount"]
    formerly = pl.concat([recent.filter(~_one_of(new)).select(amounts), was.lazy().select(amounts)])
    after, before = plan.baseline(recent), plan.baseline(formerly)
    same = after.join(before, on=after.columns, how="semi", nulls_equal=True)
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
