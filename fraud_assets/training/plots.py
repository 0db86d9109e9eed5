"""Pictures of a model, as Plotly figures."""

import numpy.typing as npt
import plotly.graph_objects as go
from sklearn.metrics import precision_recall_curve

POINTS = 500


def precision_recall(fraud: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> go.Figure:
    """Precision against recall over all thresholds, with the chosen one marked."""
    precision, recall, thresholds = precision_recall_curve(fraud, scores)
    step = max(1, len(thresholds) // POINTS)
    chosen = min(int(thresholds.searchsorted(threshold)), len(thresholds) - 1)
    figure = go.Figure(
        [
            go.Scatter(x=recall[::step], y=precision[::step], mode="lines", name="all thresholds"),
            go.Scatter(x=recall[[chosen]], y=precision[[chosen]], mode="markers", name=f"threshold {threshold:.3f}"),
        ]
    )
    return figure.update_layout(
        title="Precision and recall on the test days", xaxis_title="recall", yaxis_title="precision"
    )


def importances(shares: dict[str, float]) -> go.Figure:
    """Each feature's share of the gain, highest on top."""
    ascending = dict(reversed(shares.items()))
    figure = go.Figure(go.Bar(x=list(ascending.values()), y=list(ascending), orientation="h"))
    return figure.update_layout(title="Share of the total gain", xaxis_title="share")
