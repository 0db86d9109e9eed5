"""Precision, recall and F1 of the alarms that a threshold raises."""

from fraud_assets.training.evaluate.metrics.confusion import Confusion


def precision(outcomes: Confusion) -> float:
    """The share of alarms that are frauds; 0 when there are none.

    >>> precision(Confusion(caught=1, false_alarms=3, missed=1, let_through=5))
    0.25
    """
    alarms = outcomes.caught + outcomes.false_alarms
    return outcomes.caught / alarms if alarms else 0.0


def recall(outcomes: Confusion) -> float:
    """The share of frauds that raise an alarm; 0 when there are none.

    >>> recall(Confusion(caught=1, false_alarms=3, missed=1, let_through=5))
    0.5
    """
    frauds = outcomes.caught + outcomes.missed
    return outcomes.caught / frauds if frauds else 0.0


def f1(outcomes: Confusion) -> float:
    """The harmonic mean of precision and recall; 0 when nothing is caught.

    >>> round(f1(Confusion(caught=1, false_alarms=3, missed=1, let_through=5)), 4)
    0.3333
    """
    wrong = outcomes.false_alarms + outcomes.missed
    return 2 * outcomes.caught / (2 * outcomes.caught + wrong) if outcomes.caught else 0.0
