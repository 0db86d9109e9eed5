"""``python -m bench.model_comparison``: the page docs/model-comparison.md, on standard output.

Every algorithm with every treatment of imbalance, trained as `train` does it, on simulated worlds; no stack needed.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import numpy as np
import polars as pl

from fraud_assets.declarations.features.catalogue import NAMES
from fraud_assets.declarations.sources.model import ALGORITHMS, Algorithm, Costs, Imbalance, ModelConfig
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.models.artifact import score
from fraud_assets.sources.cards.payments import payments_between
from fraud_assets.sources.cards.world import World
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.evaluate.evaluation import measure
from fraud_assets.training.evaluate.threshold import cheapest
from fraud_assets.training.fit.fitting import calibrated, fit
from fraud_assets.training.train import part_of, parts_of

CUSTOMERS, TERMINALS, SEEDS = 500, 1_000, (0, 1, 2)
START, DAYS = date(2026, 1, 1), 90
DELAY = timedelta(days=7)
COSTS = Costs()
SHOWN = ("average_precision", "auc_roc", "brier", "precision", "recall", "cost_saved")
IMBALANCES: tuple[Imbalance, ...] = get_args(Imbalance)


def main() -> None:
    """Train them all and print the page."""
    worlds = [_simulated(seed) for seed in SEEDS]
    rows = [(algorithm, imbalance, _figures(worlds, algorithm, imbalance)) for algorithm, imbalance in _choices()]
    best = max(figures["average_precision"][0] for _, _, figures in rows)
    print(_page("\n".join(_row(*row, best) for row in rows)))


def _choices() -> Iterator[tuple[Algorithm, Imbalance]]:
    for algorithm in ALGORITHMS:
        for imbalance in IMBALANCES:
            print(f"{algorithm}, {imbalance} …", file=sys.stderr)
            yield algorithm, imbalance


def _simulated(seed: int) -> TrainingSet:
    end = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=DAYS)
    days = payments_between(World(CUSTOMERS, TERMINALS, seed), START, end)
    payments = pl.concat(list(days)).with_columns(
        pl.col("event_time").cast(pl.Datetime("us", "UTC")),
        pl.col("transaction_id", "customer_id").cast(pl.String),
        merchant_id=pl.col("terminal_id").cast(pl.String),
    )
    known = payments.filter("is_fraud").select("transaction_id", "is_fraud", known_at=pl.col("event_time") + DELAY)
    features = evaluate(payments.drop("is_fraud"), known, int(DELAY.total_seconds()))
    return TrainingSet("cards", {}, features.lazy(), known.lazy())


def _figures(worlds: list[TrainingSet], algorithm: Algorithm, imbalance: Imbalance) -> dict[str, tuple[float, float]]:
    """The mean and the standard deviation of each metric over the worlds."""
    config = ModelConfig(average_precision_floor=0, algorithm=algorithm, imbalance=imbalance)
    found = [_measured(data, config) for data in worlds]
    return {
        name: (float(np.mean(values)), float(np.std(values, ddof=1)))
        for name in SHOWN
        for values in [[one[name] for one in found]]
    }


def _measured(data: TrainingSet, config: ModelConfig) -> dict[str, float]:
    parts = parts_of(data, config, DELAY)
    validation, test = part_of(data, "validation", parts.validation), part_of(data, "test", parts.test)
    fitted = fit(data, parts.train, config, NAMES, DELAY).model
    fitted = calibrated(fitted, validation, validation["is_fraud"], config.calibration)
    threshold = cheapest(validation["is_fraud"], score(fitted, validation), validation["amount"], config.costs)
    return measure(test.with_columns(score=pl.Series(score(fitted, test))), threshold, config.costs)


def _row(algorithm: str, imbalance: str, figures: dict[str, tuple[float, float]], best: float) -> str:
    (reached, spread), *others = (figures[name] for name in SHOWN)
    first = f"**{reached:.3f}**" if reached == best else f"{reached:.3f}"
    auc, brier, precision, recall, saved = (mean for mean, _ in others)
    return (
        f"| {algorithm} | {imbalance} | {first} ± {spread:.3f} | {auc:.3f} | {brier:.5f} "
        f"| {precision:.2f} | {recall:.2f} | {saved:,.0f} |"
    )


def _page(rows: str) -> str:
    return f"""# Algorithms and imbalance compared

Made by `make comparison`; do not edit. Each row is the mean over {len(SEEDS)} simulated worlds of {CUSTOMERS} customers
and {TERMINALS:,} terminals, {DAYS} days each, with default parameters; ± is the standard deviation between the worlds.
Models are trained, calibrated (Platt) and given a threshold as the job `train` does it, and measured on the last seven
days whose labels are known. Resampling happens inside the training days alone. Precision, recall and the money saved
(in currency units, an alarm costing {COSTS.alarm:g}) are at the threshold that was the cheapest on the
validation days.

Small worlds have few frauds: differences below the standard deviation mean nothing. An isolation forest sees no labels
while it is trained.

| algorithm | imbalance | average precision | AUC | Brier | precision | recall | saved |
|---|---|---|---|---|---|---|---|
{rows}"""


if __name__ == "__main__":
    main()
