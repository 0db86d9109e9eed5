"""Whether a new model may replace the champion: named conditions, each with its figures.

What belongs here: the conditions, as functions of the test payments scored by both. Who is champion is registry.py's.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.metrics import brier_score_loss

from fraud_assets.models.artifact import TrainedModel
from fraud_assets.training.evaluate.metrics.average_precision import average_precision
from fraud_assets.training.evaluate.metrics.bootstrap import chance_of_better
from fraud_assets.training.evaluate.segments import KINDS, column

SURE = 0.9
"""The share of draws in which the new model has to be better; in more than that no segment may be worse."""
LARGE_PAYMENTS, LARGE_FRAUDS = 0.1, 20
"""A segment counts from this share of the payments and so many frauds on."""
MEAN_SCORE = (0.5, 2.0)
"""Bounds of the mean score over the share of fraud."""


@dataclass(frozen=True)
class Condition:
    """A condition of promotion, whether it holds, and its figures in one line."""

    name: str
    holds: bool
    found: str


def conditions(model: TrainedModel, test: pl.DataFrame, sent: Collection[str]) -> tuple[Condition, ...]:
    """All conditions, of test payments as `segments.segmented` gives them, with is_fraud and score.

    Where there is a champion its scores of the same payments are in ``champion_score``; without that column there is
    no champion to beat. ``sent`` are the columns that scoring sends.
    """
    found = [_calibrated(test), _signature(model, sent)]
    if "champion_score" in test.columns:
        found = [_better(test), _no_worse(test), *found]
    return tuple(found)


def refusal(found: tuple[Condition, ...]) -> str | None:
    """Why the model is refused, in one line; None if it is not."""
    failed = [f"{condition.name}: {condition.found}" for condition in found if not condition.holds]
    return "; ".join(failed) or None


def _better(test: pl.DataFrame) -> Condition:
    chance = _chance(test)
    ours, theirs = (average_precision(test["is_fraud"], test[name]) for name in ("score", "champion_score"))
    return Condition(
        "beats the champion",
        chance >= SURE,
        f"average precision {ours:.4f} against {theirs:.4f}, better in {chance:.0%} of draws ({SURE:.0%} needed)",
    )


def _no_worse(test: pl.DataFrame) -> Condition:
    chances = {
        f"{kind} {name}": _chance(part)
        for kind in KINDS
        for (name,), part in test.group_by(column(kind))
        if part.height >= LARGE_PAYMENTS * test.height and LARGE_FRAUDS <= part["is_fraud"].sum() < part.height
    }
    worse = [f"{name} (worse in {1 - chance:.0%} of draws)" for name, chance in chances.items() if 1 - chance > SURE]
    found = ", ".join(sorted(worse)) or f"none of {len(chances)} large segments is worse"
    return Condition("no large segment is worse", not worse, found)


def _calibrated(test: pl.DataFrame) -> Condition:
    share, mean = (float(np.mean(test[name].to_numpy())) for name in ("is_fraud", "score"))
    error, naive = brier_score_loss(test["is_fraud"], test["score"]), share * (1 - share)
    holds = MEAN_SCORE[0] <= mean / share <= MEAN_SCORE[1] and error < naive
    return Condition(
        "calibrated",
        holds,
        f"mean score {mean:.4f} for a share of fraud of {share:.4f}, Brier {error:.5f} (always the share: {naive:.5f})",
    )


def _signature(model: TrainedModel, sent: Collection[str]) -> Condition:
    missing = sorted(set(model.names) - set(sent))
    found = f"scoring does not send {', '.join(missing)}" if missing else f"{len(model.names)} features, all sent"
    return Condition("signature", not missing, found)


def _chance(test: pl.DataFrame) -> float:
    return chance_of_better(
        average_precision, test["is_fraud"], test["score"], test["champion_score"], test["customer_id"]
    )


def lines(found: tuple[Condition, ...]) -> Iterator[str]:
    """A line of Markdown a condition."""
    for condition in found:
        yield f"- {'passed' if condition.holds else '**failed**'}: {condition.name} ({condition.found})"
