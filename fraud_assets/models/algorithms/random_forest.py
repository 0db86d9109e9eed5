"""Random forest (Breiman 2001)."""

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import RandomForestClassifier

from fraud_assets.models.algorithms import scikit
from fraud_assets.models.algorithms.interface import SEED, Training
from fraud_assets.models.algorithms.scikit import load

__all__ = ["DEFAULTS", "fit", "load"]

DEFAULTS: Mapping[str, Any] = {
    "n_estimators": 100,
    "max_depth": 12,
    "min_samples_leaf": 5,
    "max_features": "sqrt",
    "seed": SEED,
}


def fit(training: Training, parameters: Mapping[str, Any]) -> scikit.Scikit:
    """Trees of bootstrapped rows, their votes averaged."""
    return scikit.fitted(RandomForestClassifier(n_jobs=-1, **scikit.arguments(parameters)), training)
