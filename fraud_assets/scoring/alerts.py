"""gold.scores → gold.alerts: the payments that were not approved, each with what raised its score."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fraud_assets.lake import increments
from fraud_assets.lake.increments import Increment
from fraud_assets.scoring.step import SMALL, loaded, sent
from fraud_assets.tables import gold
from fraud_assets.training.champion import Champion

REASONS = 5

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
    small = increments.size(increment, lake) + increments.size(origin, lake) <= SMALL
    flagged = _flagged_here(increment, lake) if small else _flagged_on_spark(spark, increment, lake)
    versions = _versions(flagged)
    if not versions or origin is None:
        increments.skip(increment, lake)
        return Raised(increment.range, 0)
    models = {version: model(version) for version in versions}
    alerts = explained(_with_features(spark, flagged, origin, models, lake), models)
    written = increments.append(spark, alerts.withColumn("raised_at", F.current_timestamp()), increment, lake)
    return Raised(increment.range, written)


def _flagged_here(increment: Increment, lake: str) -> pl.DataFrame:
    return increments.rows(increment, lake, _SCORED).filter(pl.col("decision") != "approve")


def _flagged_on_spark(spark: SparkSession, increment: Increment, lake: str) -> DataFrame:
    return increments.read(spark, increment, lake).select(_SCORED).where(F.col("decision") != "approve")


def _versions(flagged: pl.DataFrame | DataFrame) -> list[int]:
    if isinstance(flagged, pl.DataFrame):
        return flagged["model_version"].unique().to_list()
    return [row[0] for row in flagged.select("model_version").distinct().collect()]


def _with_features(
    spark: SparkSession,
    flagged: pl.DataFrame | DataFrame,
    origin: Increment,
    models: dict[int, Champion],
    lake: str,
) -> DataFrame:
    """The flagged payments with every feature that their models need, as it was when they were scored."""
    needed = {name for champion in models.values() for name in champion.card.features}
    columns = ["transaction_id", *sorted(needed - set(flagged.columns))]
    if isinstance(flagged, pl.DataFrame):
        return sent(spark, flagged.join(increments.rows(origin, lake, columns), on="transaction_id"))
    return flagged.join(increments.read(spark, origin, lake).select(columns), "transaction_id")


def explained(flagged: DataFrame, models: dict[int, Champion]) -> DataFrame:
    """The flagged payments, with their features, in the columns of gold.alerts but raised_at."""
    columns = [column for column in gold.ALERTS.columns if column.name != "raised_at"]
    schema = ", ".join(f"`{column.name}` {column.type}" for column in columns)
    return flagged.mapInArrow(_explainer(models), schema)


def _explainer(models: dict[int, Champion]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    boosters = {version: (champion.model, champion.card.features) for version, champion in models.items()}

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from fraud_assets.training.model import contributions  # XGBoost: in the workers only

        for batch in batches:
            for payments in pl.DataFrame(pl.from_arrow(batch)).partition_by("model_version"):
                model, names = boosters[payments["model_version"][0]]
                raised = reasons(payments.select(names), contributions(loaded(model), payments)[:, :-1])
                alerts = payments.with_columns(raised).select(name for name in _ALERT if name != "raised_at")
                yield from _arrow(alerts).to_batches()

    return work


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
