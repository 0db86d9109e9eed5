"""Parts of the payments that a model must serve each by itself: months, customers' ages, amounts.

What belongs here: which segment a payment is in, and the figures of each. Customers' ages are days since their first
payment that we know of, not years of life, which no source has.
"""

from itertools import pairwise

import polars as pl

from fraud_assets.training.evaluate.metrics.alarms import alarms
from fraud_assets.training.evaluate.metrics.auc_roc import auc_roc
from fraud_assets.training.evaluate.metrics.average_precision import average_precision

AGES = (7, 30, 90)
"""Days that part new customers from older ones."""
_QUARTERS = (0.25, 0.5, 0.75)

KINDS = ("month", "customer_age", "amount")


def segmented(payments: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
    """The payments (event_time, customer_id, amount) with a column for each of `KINDS`; amounts are in quarters.

    ``history`` (event_time, customer_id) has the payments a customer's age is known from.
    """
    first = history.group_by("customer_id").agg(first_seen=pl.col("event_time").min()).collect(engine="streaming")
    bounds = sorted({round(payments["amount"].quantile(at) or 0.0, 2) for at in _QUARTERS})
    age = pl.col("event_time") - pl.col("first_seen")
    return (
        payments.join(first, on="customer_id", how="left", maintain_order="left")
        .with_columns(
            month=pl.col("event_time").dt.strftime("%Y-%m"),
            customer_age=_between(age.dt.total_days().cast(pl.Float64), list(map(float, AGES)), " days"),
            amount_segment=_between(pl.col("amount"), bounds, ""),
        )
        .drop("first_seen")
    )


def by_segment(payments: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """A row a segment, of payments as `segmented` gives them with is_fraud and score.

    Columns kind, segment, payments, frauds, auc_roc, average_precision, precision, recall; metrics are null where a
    segment lacks frauds or genuine payments.
    """
    rows = []
    for kind in KINDS:
        for (segment,), part in payments.group_by(column(kind)):
            rows.append({"kind": kind, "segment": str(segment), **_figures(part, threshold)})
    return pl.DataFrame(rows, infer_schema_length=None).sort("kind", "segment")


def column(kind: str) -> str:
    """The column of `segmented` that a kind of segment is in."""
    return "amount_segment" if kind == "amount" else kind


def _figures(part: pl.DataFrame, threshold: float) -> dict[str, float | int | None]:
    fraud, scores = part["is_fraud"], part["score"]
    frauds, raised = int(fraud.sum()), alarms(fraud, scores, threshold)
    both = 0 < frauds < part.height
    return {
        "payments": part.height,
        "frauds": frauds,
        "auc_roc": auc_roc(fraud, scores) if both else None,
        "average_precision": average_precision(fraud, scores) if both else None,
        "precision": raised.precision if both else None,
        "recall": raised.recall if both else None,
    }


def _between(value: pl.Expr, bounds: list[float], unit: str) -> pl.Expr:
    """A segment's name, such that names sort as values do."""
    names = [f"0: under {bounds[0]:g}{unit}"]
    names += [f"{at}: {low:g} to {high:g}{unit}" for at, (low, high) in enumerate(pairwise(bounds), 1)]
    names.append(f"{len(bounds)}: {bounds[-1]:g}{unit} or more")
    segment = pl.lit(names[-1])
    for bound, name in reversed(list(zip(bounds, names[:-1], strict=True))):
        segment = pl.when(value < bound).then(pl.lit(name)).otherwise(segment)
    return segment
