"""Logistic regression on robustly scaled features: the baseline everybody can read."""

from collections.abc import Mapping
from typing import Any

from sklearn.linear_model import LogisticRegression

from fraud_assets.training.algorithms import scikit
from fraud_assets.training.algorithms.interface import SEED, Training
from fraud_assets.training.algorithms.scikit import load

__all__ = ["DEFAULTS", "fit", "load"]

DEFAULTS: Mapping[str, Any] = {"C": 1.0, "max_iter": 1000}


def fit(training: Training, parameters: Mapping[str, Any]) -> scikit.Scikit:
    """A linear model of the log-odds, with an L2 penalty."""
    return scikit.fitted(LogisticRegression(random_state=SEED, **parameters), training)
