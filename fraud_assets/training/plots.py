"""Pictures of a model, as Matplotlib figures: MLflow and Dagster show them as they are, without a network."""

import numpy.typing as npt
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve

LINE, MARK = "#0072B2", "#D55E00"  # Okabe and Ito's blue and vermilion: apart for colour-blind people too


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
    """Each feature's share of the gain, highest on top."""
    ascending = dict(reversed(shares.items()))
    figure = Figure(figsize=(7, 1 + 0.25 * len(shares)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(ascending), list(ascending.values()), color=LINE)
    axes.set(title="Share of the total gain", xlabel="share")
    return figure
