"""The model: gradient-boosted trees. Fit, score, explain; nobody else calls XGBoost to do so."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import xgboost as xgb

Floats = npt.NDArray[np.float64]

ROUNDS = 100
PARAMETERS: Mapping[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "exact",  # with base_score, what the Handbook's published figures rest on; XGBoost 3 changed both
    "base_score": 0.5,
    "max_depth": 4,
    "learning_rate": 0.1,
    "min_child_weight": 1,
    "seed": 0,
}


def fit(features: pl.DataFrame, fraud: pl.Series, parameters: Mapping[str, Any] = PARAMETERS) -> xgb.Booster:
    """A model of ``fraud`` (true or false) by the columns of ``features``, all numbers; same input, same model."""
    data = xgb.DMatrix(features.to_numpy(), label=fraud.cast(pl.Int8).to_numpy(), feature_names=features.columns)
    return xgb.train(dict(parameters), data, num_boost_round=ROUNDS)


def score(model: xgb.Booster, features: pl.DataFrame) -> Floats:
    """The probability of fraud of each row, 0 to 1; ``features`` has at least the model's columns, in any order."""
    rows = features.select(names(model)).to_numpy()
    return np.asarray(model.inplace_predict(rows), dtype=np.float64)


def contributions(model: xgb.Booster, features: pl.DataFrame) -> Floats:
    """What each of the model's features adds to each row's score, in log-odds (SHAP; Lundberg et al. 2020, TreeSHAP).

    Shape (rows, features + 1): the last column is the model's expectation, and a row's sum its score's log-odds.
    """
    data = xgb.DMatrix(features.select(names(model)).to_numpy(), feature_names=names(model))
    return np.asarray(model.predict(data, pred_contribs=True), dtype=np.float64)


def importance(model: xgb.Booster) -> dict[str, float]:
    """The share of the total gain that splits on each feature brought, highest first; 0 for one never used."""
    gain: dict[str, Any] = dict.fromkeys(names(model), 0.0) | model.get_score(importance_type="total_gain")
    total = sum(gain.values()) or 1.0
    return dict(sorted(((name, value / total) for name, value in gain.items()), key=lambda item: -item[1]))


def names(model: xgb.Booster) -> Sequence[str]:
    """The features the model was fitted on, in its order."""
    return list(model.feature_names or [])


def to_bytes(model: xgb.Booster) -> bytes:
    """The model in XGBoost's own UBJSON format."""
    return bytes(model.save_raw("ubj"))


def from_bytes(data: bytes) -> xgb.Booster:
    """The model that `to_bytes` wrote."""
    return xgb.Booster(model_file=bytearray(data))
