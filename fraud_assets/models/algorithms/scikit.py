"""What the algorithms of scikit-learn share: nulls filled with the median, explanation, a safe file.

A null is also a flag of its own. The files are skops', which holds no code, unlike a pickle.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import skops.io
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from fraud_assets.models.algorithms.interface import SEED, Floats, Rows, Training, log_odds

_FILE = "pipeline.skops"
_TRUSTED = ["numpy.dtype", "sklearn.tree._tree.Tree"]  # a tree's node numbers are not checked: the registry is ours
_WEIGHED_ON = 500


@dataclass(frozen=True)
class Scikit:
    """A fitted pipeline, and the median of each feature, against which a row is explained.

    A feature's contribution is what the score's log-odds lose when the feature has its typical value (prediction
    difference; Robnik-Sikonja and Kononenko 2008): for a linear model its exact part, for others an approximation.
    """

    pipeline: Pipeline
    typical: Floats
    shares: Floats

    def score(self, rows: Rows) -> Floats:
        """The probability of fraud; of a model without labels, how much of an anomaly each row is."""
        double = rows.astype(np.float64)  # the precision of the fit; it would go on in that of its input
        if hasattr(self.pipeline, "predict_proba"):
            return np.asarray(self.pipeline.predict_proba(double)[:, 1], dtype=np.float64)
        return np.asarray(-self.pipeline.score_samples(double), dtype=np.float64)

    def explain(self, rows: Rows) -> Floats:
        """Prediction differences in log-odds; the last column is what remains of the score's."""
        whole = log_odds(self.score(rows))
        parts = whole[:, None] - log_odds(self.without_each(rows))
        return np.column_stack([parts, whole - parts.sum(axis=1)])

    def without_each(self, rows: Rows) -> Floats:
        """The scores with each feature in turn at its typical value; shape (n, k)."""
        scores = np.empty((len(rows), len(self.typical)))
        for column, value in enumerate(self.typical):
            other = rows.copy()
            other[:, column] = value
            scores[:, column] = self.score(other)
        return scores

    def importance(self) -> Floats:
        """Each feature's share of the mean change in score without it, over some of the training's rows."""
        return self.shares

    def save(self) -> dict[str, bytes]:
        """The pipeline as skops keeps it."""
        kept = {"pipeline": self.pipeline, "typical": self.typical, "shares": self.shares}
        return {_FILE: skops.io.dumps(kept)}


def arguments(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as scikit-learn's estimators name them."""
    return {"random_state" if name == "seed" else name: value for name, value in parameters.items()}


def fitted(estimator: Any, training: Training, scaling: Any = "passthrough") -> Scikit:
    """The estimator behind imputing and the given scaling, both learned from the training's rows alone."""
    filled = SimpleImputer(strategy="median", keep_empty_features=True, add_indicator=True)
    pipeline = Pipeline([("fill", filled), ("scale", scaling), ("model", estimator)])
    pipeline.fit(training.rows, training.fraud, model__sample_weight=training.weights)
    typical = np.asarray(pipeline["fill"].statistics_, dtype=np.float64)
    some = training.rows[np.random.default_rng(SEED).permutation(len(training.rows))[:_WEIGHED_ON]].astype(np.float32)
    unweighed = Scikit(pipeline, typical, np.zeros_like(typical))
    moved = np.abs(unweighed.score(some)[:, None] - unweighed.without_each(some)).mean(axis=0)
    return Scikit(pipeline, typical, moved / (moved.sum() or 1.0))


def load(files: Mapping[str, bytes]) -> Scikit:
    """The pipeline that ``save`` wrote; a file with other types is refused."""
    return Scikit(**skops.io.loads(files[_FILE], trusted=_TRUSTED))
