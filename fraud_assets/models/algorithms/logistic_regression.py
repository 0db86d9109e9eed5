"""Logistic regression on scaled features whose tails are drawn in: the baseline everybody can read."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, RobustScaler, StandardScaler

from fraud_assets.models.algorithms import scikit
from fraud_assets.models.algorithms.interface import SEED, Training
from fraud_assets.models.algorithms.scikit import load

__all__ = ["DEFAULTS", "fit", "load"]

DEFAULTS: Mapping[str, Any] = {"C": 1.0, "max_iter": 1000, "seed": SEED}


def fit(training: Training, parameters: Mapping[str, Any]) -> scikit.Scikit:
    """A linear model of the log-odds, with an L2 penalty.

    Many features are mostly zero and seldom large: a robust scale alone leaves some a thousand times as wide as others,
    and the fit does not end.
    """
    scaling = make_pipeline(RobustScaler(), FunctionTransformer(np.arcsinh), StandardScaler())
    return scikit.fitted(LogisticRegression(**scikit.arguments(parameters)), training, scaling)
