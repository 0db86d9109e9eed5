"""gold.scores → gold.alerts: the payments that were not approved, each with what raised its score."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from fraud_assets.lake import increments
from fraud_assets.lake.increments import SMALL, Increment
from fraud_assets.scoring.step import loaded
from fraud_assets.tables import gold
from fraud_assets.training.champion import Champion

REASONS = 5

Boosters = dict[int, tuple[bytes, tuple[str, ...]]]
"""A model's bytes and features by its version."""

_ALERT = gold.ALERTS.column_names
_SCORED = [name for name in _ALERT if name in gold.SCORES.column_names]
_REASON = pl.Struct({"feature": pl.String, "value": pl.Float64, "contribution": pl.Float64})
_REASONS = pa.list_(pa.struct({"feature": pa.string(), "value": pa.float64(), "contribution": pa.float64()}))


@dataclass(frozen=True)
class Raised:
    """What a step did: the versions of gold.scores read and the alerts written."""

    versions: str
    written: int


def raise_alerts(spark: SparkSession, source: str, model: Callable[[int], Champion], lake: str) -> Raised:
    """Raise an alert for each decision that gold.scores gained other than to approve.

    ``model`` gives a model by its version: the reasons are those of the model that decided, and of the features as
    they were when it did, whatever has been repaired since.
    """
    increment = increments.pending(gold.SCORES, gold.ALERTS, source, lake)
    if increment is None:
        return Raised("nothing new", 0)
    origin = increments.origin(increment, gold.FEATURES, lake)
    if origin is None:
        increments.skip(increment, lake)
        return Raised(increment.range, 0)
    if increments.size(increment, lake) + increments.size(origin, lake) <= SMALL:
        written = _raise_here(increment, origin, model, lake)
    else:
        written = _raise_on_spark(spark, increment, origin, model, lake)
    return Raised(increment.range, written)


def _raise_here(increment: Increment, origin: Increment, model: Callable[[int], Champion], lake: str) -> int:
    flagged = increments.rows(increment, lake, _SCORED).filter(pl.col("decision") != "approve")
    if flagged.is_empty():
        increments.skip(increment, lake)
        return 0
    models = {version: model(version) for version in flagged["model_version"].unique()}
    features = increments.rows(origin, lake, _missing(models, flagged.columns))
    alerts = explain(flagged.join(features, on="transaction_id"), _boosters(models))
    return increments.append_here(alerts.with_columns(raised_at=pl.lit(datetime.now(UTC))), increment, lake)


def _raise_on_spark(
    spark: SparkSession, increment: Increment, origin: Increment, model: Callable[[int], Champion], lake: str
) -> int:
    scores = increments.read(spark, increment, lake).select(_SCORED)
    flagged = scores.where(F.col("decision") != "approve")
    models = {row[0]: model(row[0]) for row in flagged.select("model_version").distinct().collect()}
    if not models:
        increments.skip(increment, lake)
        return 0
    features = increments.read(spark, origin, lake).select(_missing(models, flagged.columns))
    columns = [column for column in gold.ALERTS.columns if column.name != "raised_at"]
    schema = ", ".join(f"`{column.name}` {column.type}" for column in columns)
    alerts = flagged.join(features, "transaction_id").mapInArrow(_explainer(_boosters(models)), schema)
    return increments.append(spark, alerts.withColumn("raised_at", F.current_timestamp()), increment, lake)


def _missing(models: dict[int, Champion], columns: list[str]) -> list[str]:
    """The key and the features that the models need besides the columns there are."""
    needed = {name for champion in models.values() for name in champion.card.features}
    return ["transaction_id", *sorted(needed - set(columns))]


def _boosters(models: dict[int, Champion]) -> Boosters:
    return {version: (champion.model, champion.card.features) for version, champion in models.items()}


def _explainer(boosters: Boosters) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from _arrow(explain(pl.DataFrame(pl.from_arrow(batch)), boosters)).to_batches()

    return work


def explain(flagged: pl.DataFrame, boosters: Boosters) -> pl.DataFrame:
    """The flagged payments, with their features, in the columns of gold.alerts but raised_at."""
    from fraud_assets.training.model import contributions  # XGBoost takes a second to import

    explained = []
    for payments in flagged.partition_by("model_version"):
        model, names = boosters[payments["model_version"][0]]
        raised = reasons(payments.select(names), contributions(loaded(model), payments)[:, :-1])
        explained.append(payments.with_columns(raised).select(name for name in _ALERT if name != "raised_at"))
    return pl.concat(explained)


def reasons(features: pl.DataFrame, contributions: np.ndarray) -> pl.Series:
    """For each row the features that raised its score most, at most `REASONS`, strongest first.

    ``contributions`` are SHAP values in log-odds, one for each value of ``features``; those that lowered the score
    are no reasons.
    """
    names, values = features.columns, features.to_numpy()
    strongest = np.argsort(-contributions, axis=1, kind="stable")[:, :REASONS]
    rows = [
        [
            {"feature": names[at], "value": float(values[row, at]), "contribution": float(contributions[row, at])}
            for at in order
            if contributions[row, at] > 0
        ]
        for row, order in enumerate(strongest)
    ]
    return pl.Series("reasons", rows, dtype=pl.List(_REASON))


def _arrow(alerts: pl.DataFrame) -> pa.Table:
    """The alerts as Spark takes them: it knows no large lists."""
    table = alerts.to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.set_column(table.schema.get_field_index("reasons"), "reasons", table["reasons"].cast(_REASONS))
