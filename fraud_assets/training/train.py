"""A training from start to end: split, fit, threshold, test, comparison with the champion, registry."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from fraud_assets.errors import FraudError
from fraud_assets.features.catalogue import NAMES, VERSION
from fraud_assets.training import model, plots
from fraud_assets.training.champion import Card, Champion, load_champion
from fraud_assets.training.metrics.alarms import f1, precision, recall
from fraud_assets.training.metrics.auc_roc import auc_roc
from fraud_assets.training.metrics.average_precision import average_precision
from fraud_assets.training.metrics.card_precision import card_precision
from fraud_assets.training.metrics.confusion import confusion
from fraud_assets.training.reference import distribution
from fraud_assets.training.split import DAYS, Days, Split, split
from fraud_assets.training.threshold import best_f1
from fraud_assets.training.track import Role, track


@dataclass(frozen=True)
class TrainingResult:
    """What came of a training; ``champion_average_precision`` is the former champion's on the same test payments."""

    source: str
    run_id: str
    version: int
    role: Role
    threshold: float
    metrics: dict[str, float]
    champion_version: int | None
    champion_average_precision: float | None
    split: Split
    rows: dict[str, int]
    figures: dict[str, Figure]


def train(
    source: str,
    features: pl.DataFrame,
    labels: pl.DataFrame,
    label_delay: int,
    tracking_uri: str,
    cache: Path,
    data_version: Mapping[str, int],
    days: Days = DAYS,
    names: Sequence[str] = NAMES,
) -> TrainingResult:
    """Train a source's model on its newest days with known labels, and make it champion if it beats the present one.

    ``features`` are one source's rows of gold.features (transaction_id, event_time, customer_id and ``names``);
    ``labels`` its silver.labels; ``label_delay`` is in seconds; ``data_version`` maps the paths of the tables read to
    their Delta versions; ``cache`` is a folder for fetched models.

    Raises:
        FraudError: too little history, no fraud in a part of it, or MLflow cannot be reached.
    """
    if features.is_empty():
        raise FraudError(f"training: there are no features of {source} yet; run the job refresh first")
    times = features["event_time"]
    parts = split(times.min(), times.max(), timedelta(seconds=label_delay), days)  # type: ignore[arg-type]
    training = _part(parts, "train", features, labels)
    validation = _part(parts, "validation", features, labels)
    test = _part(parts, "test", features, labels)
    champion = load_champion(
        source, tracking_uri, cache
    )  # before the work, so that a server that is down shows at once

    fitted = model.fit(training.select(names), training["is_fraud"])
    threshold = best_f1(validation["is_fraud"], model.score(fitted, validation))
    test = test.with_columns(score=pl.Series(model.score(fitted, test)))
    metrics = measure(test, threshold)
    before = _champions(champion, test)
    role: Role = "champion" if before is None or metrics["average_precision"] > before else "challenger"
    figures = {
        "precision_recall": plots.precision_recall(test["is_fraud"], test["score"], threshold),
        "importance": plots.importances(model.importance(fitted)),
    }
    rows = {"train": training.height, "validation": validation.height, "test": test.height}
    reference = {name: distribution(training[name]) for name in names}
    reference["score"] = distribution(model.score(fitted, training))
    registered = track(
        source=source,
        tracking_uri=tracking_uri,
        model=fitted,
        card=Card(tuple(names), VERSION, threshold, reference),
        sample=training,
        params=_params(parts, label_delay, rows, data_version),
        metrics=metrics | {"threshold": threshold},
        figures=figures,
        role=role,
    )
    return TrainingResult(
        source=source,
        run_id=registered.run_id,
        version=registered.version,
        role=role,
        threshold=threshold,
        metrics=metrics,
        champion_version=champion.version if champion else None,
        champion_average_precision=before,
        split=parts,
        rows=rows,
        figures=figures,
    )


def measure(scored: pl.DataFrame, threshold: float) -> dict[str, float]:
    """Every metric of payments with event_time, customer_id, is_fraud and score."""
    fraud, scores = scored["is_fraud"], scored["score"]
    outcomes = confusion(fraud, scores, threshold)
    return {
        "auc_roc": auc_roc(fraud, scores),
        "average_precision": average_precision(fraud, scores),
        "card_precision_100": card_precision(scored, k=100),
        "precision": precision(outcomes),
        "recall": recall(outcomes),
        "f1": f1(outcomes),
        **{name: float(count) for name, count in asdict(outcomes).items()},
    }


def _part(parts: Split, name: str, features: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    part = getattr(parts, name)
    payments: pl.DataFrame = part.take(features, labels)
    frauds = payments["is_fraud"].sum()
    if not 0 < frauds < payments.height:
        raise FraudError(
            f"training: {frauds} frauds among the {payments.height} {name} payments of {part.start:%Y-%m-%d} to "
            f"{part.end:%Y-%m-%d}; both kinds are needed: bring in more history or labels"
        )
    return payments


def _champions(champion: Champion | None, test: pl.DataFrame) -> float | None:
    """The champion's average precision; None without one, or when it needs features that no longer exist."""
    if champion is None or not set(champion.card.features) <= set(test.columns):
        return None
    return average_precision(test["is_fraud"], model.score(model.from_bytes(champion.model), test))


def _params(
    parts: Split, label_delay: int, rows: Mapping[str, int], data_version: Mapping[str, int]
) -> dict[str, object]:
    spans = {
        f"{name}_{edge}": getattr(getattr(parts, name), edge).isoformat() for name in rows for edge in ("start", "end")
    }
    return {
        **model.PARAMETERS,
        "rounds": model.ROUNDS,
        "label_delay_s": label_delay,
        "features_version": VERSION,
        **spans,
        **{f"{name}_rows": count for name, count in rows.items()},
        **{f"data {path}": f"version {number}" for path, number in data_version.items()},
    }
