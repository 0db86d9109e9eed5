"""Which score raises an alarm."""

import numpy as np
import numpy.typing as npt

from fraud_assets.declarations.sources.model import Costs


def cheapest(fraud: npt.ArrayLike, scores: npt.ArrayLike, amounts: npt.ArrayLike, costs: Costs) -> float:
    """The threshold whose alarms (scores at or above it) cost least; the highest of equals, and at least one alarm.

    Every alarm costs ``costs.alarm``, every fraud without one its amount times ``costs.missed_share`` (Elkan 2001, The
    Foundations of Cost-Sensitive Learning, with costs by example). Choose it on validation payments: on those trained
    on it is too high, on those tested on the test is no longer one.

    >>> cheapest([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [5, 5, 50, 50], Costs(alarm=10))
    0.35
    >>> cheapest([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [5, 5, 15, 50], Costs(alarm=10))
    0.8
    """
    ranked = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-ranked, kind="stable")
    saved = np.where(np.asarray(fraud, dtype=bool), np.asarray(amounts, dtype=np.float64), 0.0) * costs.missed_share
    gain = np.cumsum(saved[order] - costs.alarm)
    ranked = ranked[order]
    last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    return float(ranked[last_of_equals][np.argmax(gain[last_of_equals])])
