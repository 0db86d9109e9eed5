"""How long a piece of work takes, and the line that says how fast it was."""

import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rate(
    name: str, value: float, baseline: float, goal: float, unit: str = "rows/s", goal_is_ratio: bool = False
) -> dict[str, Any]:
    """A speed beside the baseline's in the same unit; the goal is for the speed, or for the ratio of the two."""
    ratio = value / baseline
    return {
        "name": name,
        "value": round(value),
        "unit": unit,
        "baseline": round(baseline),
        "ratio": round(ratio, 2),
        "goal": goal,
        "met": (ratio if goal_is_ratio else value) >= goal,
    }
