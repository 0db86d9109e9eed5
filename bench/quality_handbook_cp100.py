"""Card precision@100 by the Fraud Detection Handbook's protocol, beside its best published XGBoost."""

from pathlib import Path
from typing import Any

from bench.handbook import measure
from reference_data.files import HANDBOOK

PUBLISHED = 0.303  # the Handbook's tuned XGBoost, chapter 5
GOAL, HISTORY_GOAL = 0.307, 0.309


def run(file: Path = HANDBOOK) -> dict[str, Any]:
    """The mean over the folds on ``file``, in the Handbook's columns.

    Raises:
        FraudError: the file is not there or lacks frauds in the folds.
    """
    week, history = measure(file)
    return {
        "name": "quality_handbook_cp100",
        "value": round(week.card_precision, 4),
        "unit": "card precision@100",
        "baseline": PUBLISHED,
        "ratio": round(week.card_precision / PUBLISHED, 3),
        "goal": GOAL,
        "met": week.card_precision >= GOAL and history.card_precision >= HISTORY_GOAL,
        "all_history": {"value": round(history.card_precision, 4), "goal": HISTORY_GOAL},
    }
