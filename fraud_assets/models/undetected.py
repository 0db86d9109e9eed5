"""The probability of a fraud that no label can show yet, added to what the model sees.

What belongs here: fitting this term on the training payments and computing it for others. A merchant compromised after
its newest label, or within the label delay before it, has frauds that no feature can tell from genuine payments. When
merchants are compromised at an even rate, their probability grows with the time that no label covers.
See decision 0020.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.models.algorithms.interface import Floats

FEATURE = "merchant_gap_labelled_30d"
"""Seconds since the merchant's newest label; null where none was received in its window."""
_WINDOW_S = next(feature.window for feature in FEATURES if feature.name == FEATURE)  # type: ignore[union-attr]


@dataclass(frozen=True)
class Undetected:
    """``per_day`` is the probability of such a fraud for each day that no label covers."""

    label_delay_days: float
    per_day: float

    def probability(self, seconds: npt.ArrayLike) -> Floats:
        """The probability of each payment, 0 to 1, by the values of `FEATURE`, NaN for null."""
        return np.minimum(self.per_day * _days(seconds, self.label_delay_days), 1.0)


def fit(seconds: npt.ArrayLike, fraud: npt.ArrayLike, share: float, label_delay: timedelta) -> Undetected:
    """The term by which the training payments expect the ``share`` of their frauds to be undetected.

    ``seconds`` are their values of `FEATURE`, NaN for null.

    >>> fit([0, np.nan], [True, False], 0.5, timedelta(days=5))  # 5 and 35 days that no label covers
    Undetected(label_delay_days=5.0, per_day=0.0125)
    """
    delay = label_delay / timedelta(days=1)
    rate = float(np.mean(np.asarray(fraud, dtype=np.float64)))
    return Undetected(delay, share * rate / float(_days(seconds, delay).mean()))


def _days(seconds: npt.ArrayLike, label_delay_days: float) -> Floats:
    """Days that no label covers: since the newest label, at most the feature's window, and the delay before it."""
    since = np.asarray(seconds, dtype=np.float64)
    return np.asarray(label_delay_days + np.where(np.isnan(since), _WINDOW_S, since) / 86_400)
