"""The Drift page: how far today's payments have moved from those the champion learned from."""

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from fraud_assets.declarations.features.catalogue import FEATURES
from fraud_assets.declarations.tables import gold
from fraud_assets.monitoring.psi import MAJOR, MODERATE
from streamlit_app import look, parts
from streamlit_app.data import Snapshot, cached, newest
from streamlit_app.queries import drift as query

MOST = 20
"""Bars in the chart; the table has all."""

_MEANINGS = {"score": "the model's probability of fraud"} | {f.name: f.meaning for f in FEATURES}


@cached
def _newest(drift: Snapshot) -> pl.DataFrame:
    return query.newest(drift.rows())


@cached
def _history(drift: Snapshot, feature: str) -> pl.DataFrame:
    return query.history(drift.rows(), feature)


def draw() -> None:
    """The page."""
    st.title("Drift")
    _live()


@st.fragment(run_every=parts.REFRESH)
@parts.guarded
def _live() -> None:
    drift = newest(gold.DRIFT, parts.source())
    measured = _newest(drift) if drift else pl.DataFrame()
    if drift is None or measured.is_empty():
        parts.nothing_yet("Drift has not been measured yet: it needs a trained model and scored payments.")
        return
    _summary(measured)
    most = measured.tail(MOST)
    parts.chart(_bars(most), f"Population stability index of the {most.height} that moved most", "psi")
    parts.as_of(drift)
    with st.expander(f"All {measured.height}"):
        every = measured.reverse().select("feature", "psi", "reading", meaning=pl.col("feature").replace(_MEANINGS))
        shown = {"psi": st.column_config.NumberColumn("PSI", format="%.3f")}
        st.dataframe(every, hide_index=True, column_config=shown, alt="Every feature's index and the score's")
    with st.expander("How to read it", expanded=True):
        st.markdown(
            "The **population stability index** (PSI) compares how a value is spread over the newest payments with how "
            "it was spread when the model was trained: 0 means the same.\n"
            f"- below {MODERATE}: **stable**, nothing to do\n"
            f"- {MODERATE} to {MAJOR}: **moderate**, look at what changed\n"
            f"- {MAJOR} and more: **major**, the model meets payments it did not learn from; check the data, then "
            "retrain\n\n"
            "When the score's own index moves, decisions change too; when only features move, the model may still hold."
        )
    st.subheader("History")
    names = measured["feature"].reverse().to_list()
    feature = st.selectbox("Feature", names, key="drift_feature")
    st.caption(_MEANINGS.get(feature, ""))
    parts.chart(_line(_history(drift, feature)), f"Population stability index of {feature} over time", "psi_history")
    parts.as_of(drift)


def _summary(measured: pl.DataFrame) -> None:
    last = measured.row(0, named=True)
    counts = {word: int((measured["reading"] == word).sum()) for word in look.READING}
    cards = st.columns(4)
    for card, word in zip(cards, ("major", "moderate", "stable"), strict=False):
        card.metric(f"{word.capitalize()} drift" if word != "stable" else "Stable", counts[word], border=True)
    cards[3].metric(
        "Payments compared",
        f"{last['rows']:,}",
        border=True,
        help="Newest payments compared with the champion's training window.",
    )
    st.caption(
        f"Payments from {look.moment(last['window_start'])} to {look.moment(last['window_end'])} against the training "
        f"window of model version {last['model_version']}."
    )


def _thresholds(figure: go.Figure, *, vertical: bool) -> None:
    # the names are on either side, so that they do not overlap where the lines are close
    for at, name, side, end in (
        (MODERATE, f"moderate {MODERATE}", "left", "right"),
        (MAJOR, f"major {MAJOR}", "right", "left"),
    ):
        line = {"line_dash": "dash", "line_color": look.INK, "line_width": 1, "annotation_text": name}
        if vertical:
            figure.add_vline(x=at, annotation_position="top", annotation_xanchor=end, **line)
        else:
            figure.add_hline(y=at, annotation_position=f"top {side}", **line)


def _bars(measured: pl.DataFrame) -> go.Figure:
    figure = go.Figure()
    for word, colour in look.READING.items():
        some = measured.filter(pl.col("reading") == word)
        figure.add_bar(
            x=some["psi"],
            y=some["feature"],
            orientation="h",
            name=word,
            marker_color=colour,
            text=[f"{v:.3f}" for v in some["psi"]],
            textposition="outside",
            cliponaxis=False,
            customdata=[look.plain(_MEANINGS.get(f, f)) for f in some["feature"]],
            hovertemplate="%{y}: %{x:.3f}<br>%{customdata}<extra></extra>",
        )
    _thresholds(figure, vertical=True)
    figure.update_yaxes(categoryorder="array", categoryarray=measured["feature"].to_list())
    figure.update_xaxes(title="population stability index", range=[0, max(*measured["psi"].to_list(), MAJOR) * 1.15])
    return look.styled(
        figure,
        130 + 28 * measured.height,
        legend={"orientation": "h", "y": -0.14, "x": 0},
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
    )


def _line(history: pl.DataFrame) -> go.Figure:
    figure = go.Figure()
    for version, symbol in zip(history["model_version"].unique().sort(), _symbols(), strict=False):
        some = history.filter(pl.col("model_version") == version)
        figure.add_scatter(
            x=some["window_end"],
            y=some["psi"],
            mode="lines+markers",
            name=f"against model version {version}",
            line={"color": look.BLUE, "width": 2},
            marker={"symbol": symbol, "size": 7},
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )
    _thresholds(figure, vertical=False)
    figure.update_yaxes(title="PSI", range=[0, max(*history["psi"].to_list(), MAJOR) * 1.2])
    figure.update_xaxes(title="end of the compared window")
    return look.styled(figure, 320, showlegend=True)


def _symbols() -> list[str]:
    return ["circle", "square", "diamond", "cross", "x", "triangle-up"] * 20
