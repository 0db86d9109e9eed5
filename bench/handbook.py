"""The Fraud Detection Handbook's protocol on a file in its columns: figures of what `fraud run train` fits.

What belongs here: the folds and their figures. The two recipes are sources/handbook_week.yaml, a model of seven days,
and sources/handbook.yaml, one that has all history too; both are tested on the same payments.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from rich.console import Console

from bench import recipe
from bench.prequential import Fold, folds
from fraud_assets.declarations.sources.source import Source, load
from fraud_assets.errors import FraudError
from fraud_assets.training.data.dataset import TrainingSet
from fraud_assets.training.evaluate.metrics.auc_roc import auc_roc
from fraud_assets.training.evaluate.metrics.average_precision import average_precision
from fraud_assets.training.evaluate.metrics.card_precision import card_precision
from reference_data.handbook_features import canonical

LATEST = Fold(date(2018, 8, 15))
FOLDS = 4

console = Console(stderr=True, highlight=False)


class Figures(NamedTuple):
    """Of one test period, or their means."""

    average_precision: float
    card_precision: float
    auc: float


@cache
def measure(file: Path) -> tuple[Figures, Figures]:
    """Means over the folds of the model of seven days, and of the one with all history whose labels are known then.

    Raises:
        FraudError: the file is not there, or has no frauds to train on or to test.
    """
    if not file.exists():
        raise FraudError(f"no file {file}; give the path of transactions in the Handbook's columns, as Parquet")
    week, history = (load(recipe.SOURCES / f"{name}.yaml") for name in ("handbook_week", "handbook"))
    transactions, labels = canonical(pl.read_parquet(file))
    console.print(f"  features of {transactions.height:,} payments …")
    data = recipe.training_set(week, transactions, labels)
    truth = labels.lazy().select("transaction_id", "is_fraud")
    payments = data.features.join(truth, on="transaction_id", maintain_order="left").collect()
    chosen = list(folds(LATEST, FOLDS))
    return _mean(week, data, payments, chosen), _mean(history, data, payments, chosen)


def _mean(source: Source, data: TrainingSet, payments: pl.DataFrame, chosen: Sequence[Fold]) -> Figures:
    means = Figures(*np.mean([_fold(source, data, payments, fold) for fold in chosen], axis=0).tolist())
    console.print(f"  {source.name}, mean: {_words(means)}")
    return means


def _fold(source: Source, data: TrainingSet, payments: pl.DataFrame, fold: Fold) -> Figures:
    test = fold.testing(payments)
    if not (fold.training(payments)["is_fraud"].any() and test["is_fraud"].any()):
        raise FraudError(f"no frauds to train on or to test in the fold of {fold.start}; give a file that covers it")
    end, labels_at = (datetime.combine(day, time(), UTC) for day in (fold.train_end, fold.test_start))
    scored = recipe.scored(source, data, end, labels_at, test)
    found = Figures(
        average_precision(scored["is_fraud"], scored["score"]),
        card_precision(scored),
        auc_roc(scored["is_fraud"], scored["score"]),
    )
    console.print(f"  {source.name}, test from {fold.test_start}: {_words(found)}", soft_wrap=True)
    return found


def _words(figures: Figures) -> str:
    return f"AP {figures.average_precision:.4f}, CP@100 {figures.card_precision:.4f}, AUC {figures.auc:.4f}"
