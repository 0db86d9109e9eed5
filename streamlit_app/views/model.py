"""The Model page: how good the champion is, how versions compare, where to look further."""

from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from fraud_assets.declarations.tables import gold
from fraud_assets.settings import settings
from fraud_assets.training.evaluate.metrics.names import in_words
from streamlit_app import look, parts
from streamlit_app.data import Snapshot, cached, newest
from streamlit_app.queries import model as query


@cached
def _versions(performance: Snapshot) -> pl.DataFrame:
    return query.versions(performance.rows())


@parts.guarded
def draw() -> None:
    """The page."""
    st.title("Model")
    performance = newest(gold.MODEL_PERFORMANCE, parts.source())
    metrics = _versions(performance) if performance else pl.DataFrame()
    if performance is None or metrics.is_empty():
        parts.nothing_yet("No model has been trained yet. With payments in the lake, `fraud run train` trains one.")
        _links()
        return
    _champion(query.champion(metrics))
    parts.as_of(performance)
    _links()
    st.subheader("Versions")
    titles = query.comparable(metrics)
    chosen = st.segmented_control("Metric", titles, default=titles[0], required=True, key="model_metric") or titles[0]
    some = metrics.filter(pl.col("title") == chosen)
    parts.chart(_line(some, chosen), f"{chosen} of every model version", "model_versions")
    _table(metrics)
    parts.as_of(performance)


def _champion(metrics: pl.DataFrame) -> None:
    first = metrics.row(0, named=True)
    st.subheader(f"{first['role'].capitalize()}: version {first['model_version']}")
    shown = [row for row in metrics.iter_rows(named=True) if row["metric"] in query.LEADING]
    for start in range(0, len(shown), 4):
        for column, row in zip(st.columns(4), shown[start : start + 4], strict=False):
            column.metric(row["title"], f"{row['value']:.3f}", border=True, help=query.LEADING[row["metric"]])
    if first["test_start"] and first["test_end"]:
        st.caption(
            f"Measured on payments from {look.moment(first['test_start'])} to {look.moment(first['test_end'])}, all "
            "later than the training data."
        )


def _links() -> None:
    here = settings()
    with st.container(horizontal=True):
        if here.mlflow.startswith("http"):
            st.link_button("Models in MLflow", f"{here.mlflow}/#/models", icon=":material/open_in_new:")
        dagster = f"http://{here.host}:{here.dagster_port}"
        st.link_button("Assets in Dagster", f"{dagster}/asset-groups", icon=":material/open_in_new:")


def _line(metrics: pl.DataFrame, title: str) -> go.Figure:
    figure = go.Figure(
        go.Scatter(
            x=metrics["model_version"],
            y=metrics["value"],
            mode="lines+markers+text",
            textposition="top center",
            text=[f"{v:.3f}" for v in metrics["value"]],
            line={"color": look.BLUE, "width": 2},
            marker={"size": 9},
            customdata=metrics["role"],
            hovertemplate="version %{x} (%{customdata}): %{y:.4f}<extra></extra>",
            cliponaxis=False,
        )
    )
    values = metrics["value"].to_list()
    low, high = min(values), max(values)
    room = max(high - low, 0.05)
    figure.update_xaxes(title="model version", type="category")
    figure.update_yaxes(title=title, range=[low - room, high + room])
    return look.styled(figure, 300, showlegend=False)


def _table(metrics: pl.DataFrame) -> None:
    wide = metrics.pivot("title", index=("model_version", "role", "computed_at", "run_id"), values="value").sort(
        "model_version", descending=True
    )
    ratios = {in_words(metric) for metric in query.LEADING}
    config: dict[str, Any] = {
        t: st.column_config.NumberColumn(t, format="%.3f" if t in ratios else "localized")
        for t in metrics["title"].unique()
    }
    config |= {
        "model_version": st.column_config.NumberColumn("Version"),
        "role": "Became",
        "computed_at": st.column_config.DatetimeColumn("Measured at", format=look.TIME, timezone="UTC"),
        "run_id": "MLflow run",
    }
    st.dataframe(wide, hide_index=True, column_config=config, alt="Metrics of every model version")
