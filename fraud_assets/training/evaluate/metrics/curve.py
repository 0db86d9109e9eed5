"""What alarms find from each score on: what the metrics of a ranking are computed from.

scikit-learn has the same curve, and takes several times as long for checks of its input: too long for the thousands of
draws of a bootstrap.
"""

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]


def found(fraud: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> tuple[Counts, Counts]:
    """Frauds and genuine payments with each of k different scores or a higher one, the highest score first; shapes (k).

    ``weights`` say how often each of the n payments counts. Rows that are sorted already take a fraction of the time.

    Raises:
        ValueError: a score is missing, there are no payments, or not as many of each argument.

    >>> frauds, genuine = found([0, 1, 1, 0], [0.2, 0.9, 0.2, 0.1])
    >>> frauds.tolist(), genuine.tolist()
    ([1.0, 2.0, 2.0], [0.0, 1.0, 2.0])
    """
    outcome, marks = np.asarray(fraud, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    counted = np.ones_like(outcome) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(outcome) == len(marks) == len(counted) > 0 or np.isnan(marks).any():
        raise ValueError(f"a metric needs a score and a weight of each of {len(outcome)} payments, and at least one")
    order = np.argsort(-marks, kind="stable")
    ranked, counted, outcome = marks[order], counted[order], outcome[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    return np.cumsum(counted * outcome)[last], np.cumsum(counted * (1 - outcome))[last]
