"""A training from start to end: split, fit, calibrate, threshold, test, the gate, registry."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

import polars as pl

from fraud_assets.declarations.features.catalogue import NAMES, of_names
from fraud_assets.declarations.sources.model import Model as ModelSettings
from fraud_assets.declarations.tables import gold
from fraud_assets.errors import FraudError
from fraud_assets.features.fingerprint import fingerprint
from fraud_assets.lake.location import Lake
from fraud_assets.models import artifact as model
from fraud_assets.models.artifact import Model, Recipe
from fraud_assets.models.baseline_distribution import distribution
from fraud_assets.models.model_store import GATE_FILE, Card, Champion, load_champion
from fraud_assets.training import distributed, gate, model_card
from fraud_assets.training.dataset import TrainingSet
from fraud_assets.training.distributed import Workers
from fraud_assets.training.evaluation import Evaluation, evaluate
from fraud_assets.training.gate import Condition
from fraud_assets.training.registry import Role
from fraud_assets.training.segments import segmented
from fraud_assets.training.split import DAYS, Part, Split, split
from fraud_assets.training.threshold import cheapest
from fraud_assets.training.track import Work, track

SAMPLE = 200_000
"""Payments of those trained on that the reference distributions are taken from, where workers hold the others."""


@dataclass(frozen=True)
class TrainingResult:
    """What came of a training; ``rows`` are each part's payments, ``refusal`` is why the gate refused, if it did."""

    source: str
    run_id: str
    version: int
    role: Role
    threshold: float
    evaluation: Evaluation
    conditions: tuple[Condition, ...]
    refusal: str | None
    champion_version: int | None
    split: Split
    rows: dict[str, int]
    model_card: str


def train(
    data: TrainingSet,
    settings: ModelSettings,
    label_delay: timedelta,
    tracking_uri: str,
    cache: Path,
    lake: Lake,
    names: Sequence[str] = NAMES,
    workers: Workers | None = None,
) -> TrainingResult:
    """Train a source's model on its newest days with known labels, and make it champion if the gate lets it.

    Without a champion it becomes the first, whatever the gate says; without one nothing would be scored at all.
    ``cache`` is a folder for fetched models, ``lake`` the root of the tables that ``data`` was read from, ``workers``
    Spark's, which fit what is too much for this process.

    Raises:
        FraudError: too little history, no fraud in a part of it, or MLflow cannot be reached.
    """
    recipe = recipe_of(settings)
    parts = parts_of(data, settings, label_delay)
    trained = _trained_on(data, parts.train)
    validation, test = part_of(data, "validation", parts.validation), part_of(data, "test", parts.test)
    champion = load_champion(data.source, tracking_uri, cache)  # first, so that a server that is down shows at once

    recipe, fitted, training = _fitted(data, parts.train, trained, recipe, names, workers)
    fitted = model.calibrated(fitted, validation, validation["is_fraud"], settings.calibration)
    expected = model.score(fitted, validation)
    threshold = cheapest(validation["is_fraud"], expected, validation["amount"], settings.costs)
    test = segmented(test, data.features).with_columns(
        score=pl.Series(model.score(fitted, test)), **_champions(champion, test)
    )
    evaluation = evaluate(fitted, test, threshold, settings.costs)
    conditions = gate.conditions(fitted, test, gold.FEATURES.column_names)
    refusal = gate.refusal(conditions)
    role: Role = "champion" if champion is None or refusal is None else "challenger"

    rows = {"train": trained, "validation": validation.height, "test": test.height}
    reference = {name: distribution(training[name]) for name in names}
    reference["score"] = distribution(model.score(fitted, training))
    text = model_card.card(data, parts, rows, recipe, fitted, settings.costs, threshold, evaluation, conditions)
    card = Card(tuple(names), fingerprint(of_names(names)), threshold, reference)
    registered = track(
        Work(
            data=data,
            model=fitted,
            card=card,
            role=role,
            refusal=refusal,
            params=_params(data, parts, label_delay, rows, recipe, settings)
            | {"features_fingerprint": card.features_fingerprint},
            metrics=evaluation.metrics | {"threshold": threshold},
            figures=evaluation.figures,
            texts={
                model_card.FILE: text,
                GATE_FILE: json.dumps([asdict(condition) for condition in conditions]),
                "segments.csv": evaluation.segments.write_csv(),
            },
        ),
        tracking_uri,
        lake,
    )
    return TrainingResult(
        source=data.source,
        run_id=registered.run_id,
        version=registered.version,
        role=role,
        threshold=threshold,
        evaluation=evaluation,
        conditions=conditions,
        refusal=refusal,
        champion_version=champion.version if champion else None,
        split=parts,
        rows=rows,
        model_card=text,
    )


def recipe_of(settings: ModelSettings) -> Recipe:
    """How the source's file wants its model made."""
    recipe = Recipe(settings.algorithm, settings.parameters, settings.imbalance)
    recipe.all_parameters()  # a wrong one is said before anything is read
    return recipe


def parts_of(data: TrainingSet, settings: ModelSettings, label_delay: timedelta) -> Split:
    """The latest split of the data.

    Raises:
        FraudError: there are no payments, or too few days of them.
    """
    time = pl.col("event_time")
    first, last = data.features.select(first=time.min(), last=time.max()).collect().row(0)
    if first is None:
        raise FraudError(f"training: there are no features of {data.source} yet; run the job refresh first")
    return split(first, last, label_delay, replace(DAYS, train=settings.training_days))


def named_parts(parts: Split) -> dict[str, Part]:
    """The parts in time's order."""
    return {"train": parts.train, "validation": parts.validation, "test": parts.test}


def part_of(data: TrainingSet, name: str, part: Part) -> pl.DataFrame:
    """A part's payments with ``is_fraud`` as it was known then.

    Raises:
        FraudError: they are all genuine or all fraud.
    """
    payments = part.take(data.features, data.labels)
    _need_both(name, part, payments.height, int(payments["is_fraud"].sum()))
    return payments


def _fitted(
    data: TrainingSet, part: Part, rows: int, recipe: Recipe, names: Sequence[str], workers: Workers | None
) -> tuple[Recipe, Model, pl.DataFrame]:
    """How it was fitted in the end, the model, and the payments it was fitted on, of very many some."""
    if workers and rows > workers.above and recipe.algorithm == "xgboost" and recipe.imbalance == "none":
        binned = replace(recipe, parameters=distributed.binned(recipe.all_parameters()))
        trees = distributed.fit(workers, data, part, names, binned.all_parameters())
        return binned, Model("xgboost", tuple(names), trees), part.take(_some(data.features, rows), data.labels)
    training = part.take(data.features, data.labels)
    return recipe, model.fit(training.select(names), training["is_fraud"], recipe), training


def _some(payments: pl.LazyFrame, rows: int) -> pl.LazyFrame:
    """About `SAMPLE` of the payments, the same ones each time."""
    return payments.filter(pl.col("transaction_id").hash(1) % max(1, rows // SAMPLE) == 0)


def _trained_on(data: TrainingSet, part: Part) -> int:
    payments, frauds = part.count(data.features, data.labels)
    _need_both("train", part, payments, frauds)
    return payments


def _need_both(name: str, part: Part, payments: int, frauds: int) -> None:
    if not 0 < frauds < payments:
        raise FraudError(
            f"training: {frauds} frauds among the {payments} {name} payments of {part.start:%Y-%m-%d} to "
            f"{part.end:%Y-%m-%d}; both kinds are needed: bring in more history or labels"
        )


def _champions(champion: Champion | None, test: pl.DataFrame) -> dict[str, pl.Series]:
    """The champion's scores of the test; none without one, or when it needs features that no longer exist."""
    if champion is None or not set(champion.card.features) <= set(test.columns):
        return {}
    return {"champion_score": pl.Series(model.score(model.from_bytes(champion.model), test))}


def _params(
    data: TrainingSet,
    parts: Split,
    label_delay: timedelta,
    rows: dict[str, int],
    recipe: Recipe,
    settings: ModelSettings,
) -> dict[str, object]:
    spans = {
        f"{name}_{edge}": getattr(part, edge).isoformat()
        for name, part in named_parts(parts).items()
        for edge in ("start", "end")
    }
    return {
        "algorithm": recipe.algorithm,
        "imbalance": recipe.imbalance,
        "calibration": settings.calibration,
        **recipe.all_parameters(),
        "label_delay_s": int(label_delay.total_seconds()),
        "data_digest": data.digest,
        **spans,
        **{f"{name}_rows": count for name, count in rows.items()},
        **{f"data {table}": f"version {number}" for table, number in data.versions.items()},
    }
