"""A model's metrics, segments and figures on the test payments, all from the same scored rows."""

import time
from dataclasses import asdict, dataclass

import polars as pl
from matplotlib.figure import Figure
from sklearn.metrics import brier_score_loss

from fraud_assets.declarations.sources.model import Costs
from fraud_assets.models import artifact as model
from fraud_assets.models.artifact import TrainedModel
from fraud_assets.training.evaluate import plots
from fraud_assets.training.evaluate.metrics.alarms import alarms
from fraud_assets.training.evaluate.metrics.auc_roc import auc_roc
from fraud_assets.training.evaluate.metrics.average_precision import average_precision
from fraud_assets.training.evaluate.metrics.bootstrap import Metric, interval
from fraud_assets.training.evaluate.metrics.card_precision import card_precision
from fraud_assets.training.evaluate.metrics.confusion import confusion
from fraud_assets.training.evaluate.metrics.money import money
from fraud_assets.training.evaluate.metrics.reliability import calibration_error, reliability
from fraud_assets.training.evaluate.segments import by_segment

_TIMED = 5_000  # payments, at most
_INTERVALS: dict[str, Metric] = {"auc_roc": auc_roc, "average_precision": average_precision}


@dataclass(frozen=True)
class Evaluation:
    """The metrics by name, the segments' as a table, and the figures by name."""

    metrics: dict[str, float]
    segments: pl.DataFrame
    figures: dict[str, Figure]


def evaluate(fitted: TrainedModel, test: pl.DataFrame, threshold: float, costs: Costs) -> Evaluation:
    """Evaluate on payments as `segments.segmented` gives them, with is_fraud and score."""
    fraud, scores = test["is_fraud"], test["score"]
    segments = by_segment(test, threshold)
    return Evaluation(
        {**measure(test, threshold, costs), **_bounds(test), "scoring_us": _microseconds_a_payment(fitted, test)},
        segments,
        {
            "precision_recall": plots.precision_recall(fraud, scores, threshold),
            "reliability": plots.reliability(reliability(fraud, scores)),
            "confusion": plots.confusion_matrix(confusion(fraud, scores, threshold)),
            "segments": plots.segments(segments),
            "importance": plots.importances(model.importance(fitted)),
        },
    )


def measure(scored: pl.DataFrame, threshold: float, costs: Costs) -> dict[str, float]:
    """Every metric of payments with event_time, customer_id, amount, is_fraud and score."""
    fraud, scores = scored["is_fraud"], scored["score"]
    return {
        "auc_roc": auc_roc(fraud, scores),
        "average_precision": average_precision(fraud, scores),
        "card_precision_100": card_precision(scored, k=100),
        **asdict(alarms(fraud, scores, threshold)),
        "brier": float(brier_score_loss(fraud, scores)),
        "calibration_error": calibration_error(reliability(fraud, scores)),
        **asdict(money(fraud, scores, scored["amount"], threshold, costs)),
        **{name: float(count) for name, count in asdict(confusion(fraud, scores, threshold)).items()},
    }


def _bounds(test: pl.DataFrame) -> dict[str, float]:
    bounds: dict[str, float] = {}
    for name, metric in _INTERVALS.items():
        low, high = interval(metric, test["is_fraud"], test["score"], test["customer_id"])
        bounds |= {f"{name}_low": low, f"{name}_high": high}
    return bounds


def _microseconds_a_payment(fitted: TrainedModel, test: pl.DataFrame) -> float:
    """The fastest of three scorings of a batch; reported and no condition, as the machine may be busy."""
    batch = test.head(_TIMED)

    def scored() -> float:
        started = time.perf_counter()
        model.score(fitted, batch)
        return time.perf_counter() - started

    return min(scored() for _ in range(3)) / batch.height * 1e6
