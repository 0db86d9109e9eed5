"""What alarms find from each score on: what the metrics of a ranking are computed from."""

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]


def found(fraud: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> tuple[Counts, Counts]:
    """Frauds and genuine payments with each score or a higher one, from the highest score to the lowest.

    ``weights`` say how often each payment counts. Equal scores are one; rows that are sorted already take a fraction of
    the time.

    >>> frauds, genuine = found([0, 1, 1, 0], [0.2, 0.9, 0.2, 0.1])
    >>> frauds.tolist(), genuine.tolist()
    ([1.0, 2.0, 2.0], [0.0, 1.0, 2.0])
    """
    outcome, marks = np.asarray(fraud, dtype=np.float64), np.asarray(scores)
    order = np.argsort(-marks, kind="stable")
    counted = np.ones_like(outcome) if weights is None else np.asarray(weights, dtype=np.float64)[order]
    frauds = np.cumsum(counted * outcome[order])
    last = np.flatnonzero(np.diff(marks[order], append=np.nan) != 0)
    return frauds[last], np.cumsum(counted)[last] - frauds[last]
