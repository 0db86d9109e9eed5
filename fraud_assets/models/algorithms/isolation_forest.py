"""Isolation forest (Liu, Ting and Zhou 2008): what is easily set apart is an anomaly; it needs no labels."""

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import IsolationForest

from fraud_assets.models.algorithms import scikit
from fraud_assets.models.algorithms.interface import SEED, Training
from fraud_assets.models.algorithms.scikit import load

__all__ = ["DEFAULTS", "fit", "load"]

DEFAULTS: Mapping[str, Any] = {"n_estimators": 200, "max_samples": 256, "max_features": 1.0, "seed": SEED}


def fit(training: Training, parameters: Mapping[str, Any]) -> scikit.Scikit:
    """Random trees over the rows; the labels are not looked at. The score is the paper's, 0 to 1, about .5 for all."""
    sized = {**parameters, "max_samples": min(parameters["max_samples"], len(training.rows))}
    return scikit.fitted(IsolationForest(**scikit.arguments(sized)), training)
