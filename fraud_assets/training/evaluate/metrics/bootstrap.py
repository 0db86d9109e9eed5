"""How far a metric could lie from what one test says, by drawing the test's customers again and again.

Customers are drawn and not payments, as the payments of one are alike (cluster bootstrap; Field and Welsh 2007), each
with a Poisson number of copies, which is drawing with replacement in the limit (Chamandy et al. 2012).
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Metric = Callable[[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike], float]
"""Of fraud, scores and weights."""

ROUNDS = 200


def interval(
    metric: Metric, fraud: npt.ArrayLike, scores: npt.ArrayLike, customers: npt.ArrayLike, share: float = 0.95
) -> tuple[float, float]:
    """The range in which the metric of so large a ``share`` of the draws lies; the same each time.

    >>> from fraud_assets.training.evaluate.metrics.average_precision import average_precision
    >>> interval(average_precision, [0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8], ["a", "b", "c", "d"])  # whoever is drawn
    (1.0, 1.0)
    """
    drawn = _drawn(metric, fraud, scores, customers)
    low, high = np.quantile(drawn, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def chance_of_better(
    metric: Metric, fraud: npt.ArrayLike, scores: npt.ArrayLike, than: npt.ArrayLike, customers: npt.ArrayLike
) -> float:
    """In which share of the draws the metric of ``scores`` is above that of ``than`` on the same draw; a tie is half.

    >>> from fraud_assets.training.evaluate.metrics.average_precision import average_precision
    >>> fraud, worse, better = [0, 1, 0, 1], [0.9, 0.8, 0.2, 0.1], [0.1, 0.9, 0.2, 0.8]
    >>> chance_of_better(average_precision, fraud, better, better, ["a", "b", "c", "d"])
    0.5
    >>> chance_of_better(average_precision, fraud, better, worse, ["a", "b", "c", "d"]) > 0.8
    True
    """
    ours, theirs = (_drawn(metric, fraud, one, customers) for one in (scores, than))
    return float(np.mean(np.where(ours == theirs, 0.5, ours > theirs)))


def _drawn(
    metric: Metric, fraud: npt.ArrayLike, scores: npt.ArrayLike, customers: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """The metric of each draw; the draws of the same payments are the same."""
    outcome, marks = np.asarray(fraud, dtype=bool), np.asarray(scores, dtype=np.float64)
    order = np.argsort(-marks, kind="stable")  # once, as every draw would sort the same scores
    outcome_sorted, marks_sorted = outcome[order], marks[order]
    draws = _draws(outcome, customers)
    return np.array([metric(outcome_sorted, marks_sorted, weights[order]) for weights in draws])


def _draws(fraud: npt.NDArray[np.bool_], customers: npt.ArrayLike) -> Iterator[npt.NDArray[np.float64]]:
    """How often each payment is in a draw, for draws that have both kinds."""
    random = np.random.default_rng(0)
    found, of = np.unique(np.asarray(customers), return_inverse=True)
    for _ in range(ROUNDS):
        weights = random.poisson(1.0, len(found))[of].astype(np.float64)
        if weights[fraud].any() and weights[~fraud].any():
            yield weights
