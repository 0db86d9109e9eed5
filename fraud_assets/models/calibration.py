"""Calibrated scores: of the payments scored 0.3, three in ten are fraud.

What belongs here: fitting and applying a calibration. It is fitted on payments later than those trained on (scores of
payments trained on are too sure), and both kinds keep the order of the scores.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fraud_assets.declarations.sources.model import CalibrationKind
from fraud_assets.models.algorithms.interface import Floats, log_odds, probability

_FLATTEST = 1e-3


@dataclass(frozen=True)
class Calibration:
    """A map from scores to probabilities, straight between its points (of log-odds, if ``platt``)."""

    kind: CalibrationKind
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def __call__(self, scores: Floats) -> Floats:
        """The calibrated probability of each score, 0 to 1."""
        if self.kind == "platt":
            (slope,), (shift,) = self.x, self.y
            return probability(slope * log_odds(scores) + shift)
        if self.kind == "isotonic":
            return np.interp(scores, self.x, self.y)
        return scores


NONE = Calibration("none")


def fit(scores: Floats, fraud: npt.ArrayLike, kind: CalibrationKind) -> Calibration:
    """The calibration of scores whose outcomes (true or false) are known.

    ``platt``: a logistic curve over the scores' log-odds (Platt 1999), never falling, which keeps every order.
    ``isotonic``: the closest rising steps (Zadrozny and Elkan 2002), which needs more frauds and makes scores equal.
    """
    from sklearn.isotonic import IsotonicRegression  # half a second, and applying a calibration does without
    from sklearn.linear_model import LogisticRegression

    outcome = np.asarray(fraud, dtype=np.float64)
    if kind == "platt":
        curve = LogisticRegression(C=np.inf).fit(log_odds(scores).reshape(-1, 1), outcome)
        return Calibration(kind, (max(float(curve.coef_[0, 0]), _FLATTEST),), (float(curve.intercept_[0]),))
    if kind == "isotonic":
        steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, outcome)
        return Calibration(kind, tuple(steps.X_thresholds_.tolist()), tuple(steps.y_thresholds_.tolist()))
    return NONE
