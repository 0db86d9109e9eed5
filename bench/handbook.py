"""The Fraud Detection Handbook's protocol on a file of its kind: how good the product's features and model are.

What belongs here: the folds, what is trained on, the figures. Features and model settings were chosen on the four weeks
before the earliest tested one, and on simulated worlds, never on a tested one. A week and all history are each trained
on by two models of other seeds, those of all history with other genuine payments, whose log-odds are averaged; what
comes of all history is then averaged with what comes of the week. To each comes the chance of a fraud that nothing yet
tells of. Those weeks and worlds had a better AUC by each step, and no worse average precision. Both are tested on the
same payments.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from rich.console import Console

from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.errors import FraudError
from fraud_assets.features.algebra.loops import Floats
from fraud_assets.features.batch.evaluate import evaluate
from fraud_assets.models import artifact as model
from fraud_assets.models.algorithms.interface import log_odds, probability
from fraud_assets.models.artifact import Recipe
from fraud_assets.training.metrics.auc_roc import auc_roc
from fraud_assets.training.metrics.average_precision import average_precision
from fraud_assets.training.metrics.card_precision import card_precision
from fraud_assets.training.prequential import Fold, folds
from fraud_assets_tests.features.reference import DELAY_DAYS, canonical

LATEST = Fold(date(2018, 8, 15))
FOLDS = 4
CHOSEN = frozenset(
    ["amount", "time_is_weekend", "time_is_night"]
    + [f"customer_{kind}_amount_{days}d" for kind in ("count", "mean") for days in (1, 7, 30)]
    + [f"merchant_{kind}_{days}d" for kind in ("count_labelled", "mean_fraud") for days in (1, 7, 30)]
    + [f"customer_{kind}_genuine_90d" for kind in ("count", "ratio", "zscore")]
    + [f"customer_{kind}_{days}d" for kind in ("sum_excess", "mean_is_unusual") for days in (3, 7, 14)]
    + [f"merchant_{kind}_{run}_60d" for kind in ("count", "age", "quiet", "genuine", "share")
       for run in ("run", "ordinary")]
    + ["merchant_mean_log_run_60d", "merchant_gap_labelled_30d"]
)  # fmt: skip
"""The Handbook's fifteen, the amount against the customer's usual, bursts, merchants' frauds and last label."""
USED = tuple(feature for feature in FEATURES if feature.name in CHOSEN)
NAMES = tuple(feature.name for feature in USED)

WEEK = Recipe(
    "xgboost",
    {"tree_method": "hist", "max_bin": 4096, "subsample": 0.8, "colsample_bytree": 0.3, "num_parallel_tree": 4},
)
HISTORY = replace(
    WEEK,
    parameters={**WEEK.parameters, "colsample_bytree": 0.5, "max_depth": 7, "min_child_weight": 3,
                "learning_rate": 0.03, "rounds": 500, "num_parallel_tree": 1},
)  # fmt: skip
ONE_GENUINE_IN = 5  # of a long history, whose frauds are all trained on
PARTS = (0, 2)  # which fifths of its genuine payments: a model each
UNTOLD = 0.25  # of the frauds: about as many as are at merchants of which no label known then tells
UNLABELLED_DAYS = 30  # how long no label of a merchant became known, at least, where its gap is null
FILLED_DAYS = 30  # until then the windows of the first payments are far from full: not trained on

console = Console(stderr=True, highlight=False)


class Figures(NamedTuple):
    """Of one test period, or their means."""

    average_precision: float
    card_precision: float
    auc: float


@cache
def measure(file: Path) -> tuple[Figures, Figures]:
    """Means over the folds of a model of seven days, and of one of all history whose labels are known at each test.

    Raises:
        FraudError: the file is not there, or has no frauds to train on or to test.
    """
    if not file.exists():
        raise FraudError(f"no file {file}; give the path of transactions in the Handbook's columns, as Parquet")
    transactions, labels = canonical(pl.read_parquet(file))
    console.print(f"  features of {transactions.height:,} payments …")
    features = evaluate(transactions, labels, DELAY_DAYS * 86_400, features=USED).join(
        labels.select("transaction_id", "is_fraud"), on="transaction_id", maintain_order="left"
    )
    days = features["event_time"].dt.date()
    filled = days.sort()[0] + timedelta(days=FILLED_DAYS)
    of_week, of_history = zip(*(_fold(fold, features, filled) for fold in folds(LATEST, FOLDS)), strict=True)
    return _mean("7 days", of_week), _mean("all history", of_history)


def _mean(what: str, found: Sequence[Figures]) -> Figures:
    means = Figures(*np.mean(found, axis=0).tolist())
    console.print(f"  trained on {what}, mean: {_words(means)}")
    return means


def _fold(fold: Fold, features: pl.DataFrame, filled: date) -> tuple[Figures, Figures]:
    test, week, history = fold.testing(features), fold.training(features), fold.training(features, filled)
    if not (week["is_fraud"].any() and test["is_fraud"].any()):
        raise FraudError(f"no frauds to train on or to test in the fold of {fold.start}; give a file that covers it")
    nth = pl.int_range(pl.len()) % ONE_GENUINE_IN
    parts = [history.filter(pl.col("is_fraud") | (nth == part)) for part in PARTS]
    of_week = _log_odds(WEEK, [week] * len(PARTS), test)
    of_history = _log_odds(HISTORY, parts, test) - log(ONE_GENUINE_IN)
    return (
        _figures(f"7 days, {week.height:,} payments", fold, test, _with_untold(of_week, week, test)),
        _figures(
            f"all history, twice {parts[0].height:,} payments",
            fold,
            test,
            _with_untold((of_week + of_history) / 2, history, test),
        ),
    )


def _log_odds(recipe: Recipe, trains: Sequence[pl.DataFrame], test: pl.DataFrame) -> Floats:
    """The mean of a model of each, each of another seed."""
    found = []
    for seed, train in enumerate(trains):
        seeded = replace(recipe, parameters={**recipe.parameters, "seed": seed})
        found.append(log_odds(model.score(model.fit(train.select(NAMES), train["is_fraud"], seeded), test)))
    return np.mean(found, axis=0)


def _with_untold(told: Floats, train: pl.DataFrame, test: pl.DataFrame) -> Floats:
    """The probability of a fraud that the model sees or, apart from it, of one at a merchant compromised unheard of.

    The latter grows with the days that no label speaks for: since the last became known, and the label delay before.
    Trees that have nothing to go by order payments by chance; this gives them the order there is.
    """
    untold = UNTOLD * train["is_fraud"].to_numpy().mean() * _silent_days(test) / _silent_days(train).mean()
    return 1 - (1 - probability(told)) * (1 - untold)


def _silent_days(payments: pl.DataFrame) -> Floats:
    silent: Floats = (payments["merchant_gap_labelled_30d"] / 86_400).fill_null(UNLABELLED_DAYS).to_numpy()
    return DELAY_DAYS + silent


def _figures(what: str, fold: Fold, test: pl.DataFrame, scores: Floats) -> Figures:
    test = test.with_columns(score=pl.Series(scores))
    found = Figures(
        average_precision(test["is_fraud"], test["score"]),
        card_precision(test),
        auc_roc(test["is_fraud"], test["score"]),
    )
    console.print(f"  trained on {what}, test from {fold.test_start}: {_words(found)}", soft_wrap=True)
    return found


def _words(figures: Figures) -> str:
    return f"AP {figures.average_precision:.4f}, CP@100 {figures.card_precision:.4f}, AUC {figures.auc:.4f}"
