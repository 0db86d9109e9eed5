"""gold.scores → gold.alerts: the payments that were not approved, each with what raised its score."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import numpy as np
import polars as pl

from fraud_assets.decisions.step import loaded
from fraud_assets.declarations.tables import gold
from fraud_assets.lake import cursor, reading, writing
from fraud_assets.lake.location import Lake
from fraud_assets.lake.step_result import StepResult
from fraud_assets.models.model_store import Champion

REASONS = 5

_ALERT = gold.ALERTS.column_names
_SCORED = [name for name in _ALERT if name in gold.SCORES.column_names]
_REASON = pl.Struct({"feature": pl.String, "value": pl.Float64, "contribution": pl.Float64})


def raise_alerts(source: str, model: Callable[[int], Champion], lake: Lake) -> StepResult:
    """Raise an alert for each decision that gold.scores gained other than to approve.

    ``model`` gives a model by its version: the reasons are those of the model that decided, and of the features as
    they were when it did, whatever was recomputed since.
    """
    increment = cursor.pending(gold.SCORES, gold.ALERTS, source, lake)
    if increment is None:
        return StepResult()
    origin = cursor.origin(increment, gold.FEATURES, lake)
    if origin is None:
        writing.skip(increment, lake)
        return StepResult(increment.range)
    flagged = _concat(
        scored.filter(pl.col("decision") != "approve") for scored in reading.read_batches(increment, lake, _SCORED)
    )
    if flagged is None:
        writing.skip(increment, lake)
        return StepResult(increment.range)
    models = {version: model(version) for version in flagged["model_version"].unique()}
    known = reading.read_batches(origin, lake, _missing(models, flagged.columns))
    features = _concat(some.join(flagged, on="transaction_id", how="semi") for some in known)
    assert features is not None
    alerts = explain(flagged.join(features, on="transaction_id"), models)
    written = writing.append_in_process(alerts.with_columns(raised_at=pl.lit(datetime.now(UTC))), increment, lake)
    return StepResult(increment.range, written=Counter({gold.ALERTS: written}))


def _concat(batches: Iterable[pl.DataFrame]) -> pl.DataFrame | None:
    """The batches that have rows as one; None without any."""
    kept = [batch for batch in batches if batch.height]
    return pl.concat(kept) if kept else None


def _missing(models: dict[int, Champion], columns: list[str]) -> list[str]:
    """The key and the features that the models need besides the columns there are."""
    needed = {name for champion in models.values() for name in champion.card.features}
    return ["transaction_id", *sorted(needed - set(columns))]


def explain(flagged: pl.DataFrame, models: dict[int, Champion]) -> pl.DataFrame:
    """The flagged payments, with their features, in the columns of gold.alerts but raised_at."""
    from fraud_assets.models.artifact import contributions  # XGBoost takes a second to import

    explained = []
    for payments in flagged.partition_by("model_version"):
        champion = models[payments["model_version"][0]]
        raised = reasons(
            payments.select(champion.card.features), contributions(loaded(champion.model), payments)[:, :-1]
        )
        explained.append(payments.with_columns(raised).select(name for name in _ALERT if name != "raised_at"))
    return pl.concat(explained)


def reasons(features: pl.DataFrame, contributions: np.ndarray) -> pl.Series:
    """For each row the features that raised its score most, at most `REASONS`, strongest first.

    ``contributions`` are SHAP values in log-odds, one for each value of ``features``; those that lowered the score
    are no reasons.
    """
    shortest = pl.selectors.by_dtype(pl.Float32).cast(pl.String).cast(pl.Float64)  # 0.3, not 0.30000001192092896
    names, values = features.columns, features.with_columns(shortest).to_numpy()
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
