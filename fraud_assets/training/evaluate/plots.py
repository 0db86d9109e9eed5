"""Pictures of a model, as Matplotlib figures: MLflow and Dagster show them as they are, without a network."""

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

from fraud_assets.training.evaluate.metrics.confusion import Confusion
from fraud_assets.training.evaluate.metrics.reliability import Bin

LINE, MARK = "#0072B2", "#D55E00"  # Okabe and Ito's blue and vermilion: apart for colour-blind people too
QUIET = "#999999"


def precision_recall(fraud: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> Figure:
    """Precision against recall over all thresholds, with the chosen one marked."""
    precision, recall, thresholds = precision_recall_curve(fraud, scores)
    chosen = min(int(thresholds.searchsorted(threshold)), len(thresholds) - 1)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(recall, precision, color=LINE, label="all thresholds")
    axes.plot(recall[chosen], precision[chosen], "o", color=MARK, label=f"threshold {threshold:.3f}")
    axes.set(title="Precision and recall on the test days", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    axes.legend()
    return figure


def importances(shares: dict[str, float]) -> Figure:
    """Each feature's share in what the model does, highest on top."""
    ascending = dict(reversed(shares.items()))
    figure = Figure(figsize=(7, 1 + 0.25 * len(shares)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(ascending), list(ascending.values()), color=LINE)
    axes.set(title="What the model goes by", xlabel="share")
    return figure


def reliability(curve: tuple[Bin, ...]) -> Figure:
    """The share of fraud against the mean score of each bin, both axes logarithmic, as fraud is rare."""
    seen = [one for one in curve if one.score > 0 and one.fraud > 0]
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    lowest = min([min(one.score, one.fraud) for one in seen] or [1e-3])
    axes.plot([lowest, 1], [lowest, 1], color=QUIET, linestyle="--", label="perfect")
    axes.plot([one.score for one in seen], [one.fraud for one in seen], "o-", color=LINE, label="the model")
    axes.set(title="Reliability on the test days", xlabel="mean score", ylabel="share of fraud")
    axes.set(xscale="log", yscale="log")
    axes.legend()
    return figure


def confusion_matrix(outcomes: Confusion) -> Figure:
    """The four outcomes at the threshold, counted."""
    counts = np.array([[outcomes.let_through, outcomes.false_alarms], [outcomes.missed, outcomes.caught]])
    figure = Figure(figsize=(4.5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.log1p(counts), cmap="cividis")
    for row, column in np.ndindex(2, 2):
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
        axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", bbox=box)
    axes.set_xticks([0, 1], ["no alarm", "alarm"])
    axes.set_yticks([0, 1], ["genuine", "fraud"])
    axes.set_title("Outcomes on the test days")
    return figure


def segments(figures: pl.DataFrame) -> Figure:
    """Average precision of each segment that has one, of the rows of `segments.by_segment`."""
    known = figures.filter(pl.col("average_precision").is_not_null()).reverse()
    rows = known.select("kind", "segment").rows()
    names = [f"{kind}: {segment.partition(': ')[2] or segment}" for kind, segment in rows]
    figure = Figure(figsize=(7, 1 + 0.3 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, known["average_precision"].to_list(), color=LINE)
    for at, frauds in enumerate(known["frauds"]):
        axes.text(0.01, at, f"{frauds:,} frauds", va="center", color="white")
    axes.set(title="By segment, on the test days", xlabel="average precision", xlim=(0, 1))
    return figure
