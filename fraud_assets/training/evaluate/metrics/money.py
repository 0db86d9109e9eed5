"""What a threshold's alarms do in money."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fraud_assets.declarations.sources.model import Costs


@dataclass(frozen=True)
class Money:
    """Amounts, in currency units: frauds caught and missed, genuine payments held, and what it all saved."""

    money_caught: float
    money_missed: float
    money_wrongly_held: float
    cost_saved: float


def money(fraud: npt.ArrayLike, scores: npt.ArrayLike, amounts: npt.ArrayLike, threshold: float, costs: Costs) -> Money:
    """The amounts on either side of the threshold; saved is what was caught less what looking into alarms cost.

    >>> money([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [5, 6, 50, 70], 0.4, Costs(alarm=10))
    Money(money_caught=70.0, money_missed=50.0, money_wrongly_held=6.0, cost_saved=50.0)
    """
    is_fraud, alarm = np.asarray(fraud, dtype=bool), np.asarray(scores) >= threshold
    paid = np.asarray(amounts, dtype=np.float64)
    caught = float(paid[is_fraud & alarm].sum())
    return Money(
        money_caught=caught,
        money_missed=float(paid[is_fraud & ~alarm].sum()),
        money_wrongly_held=float(paid[~is_fraud & alarm].sum()),
        cost_saved=caught * costs.missed_share - float(alarm.sum()) * costs.alarm,
    )
