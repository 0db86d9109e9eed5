"""The Overview page: how much is paid, how much of it is fraud, and how fresh that knowledge is."""

from datetime import datetime

import plotly.graph_objects as go
import polars as pl
import streamlit as st
from plotly.subplots import make_subplots

from fraud_assets.tables import gold, silver
from streamlit_app import look, parts
from streamlit_app.data import Snapshot, as_known, cached, newest
from streamlit_app.queries import overview as query


@cached
def _payments(transactions: Snapshot) -> query.Payments:
    return query.payments(transactions.rows())


@cached
def _decisions(scores: Snapshot) -> query.Decisions:
    return query.decisions(scores.rows())


@cached
def _verdicts(transactions: Snapshot, labels: Snapshot | None, at: query.AsOf) -> query.Verdicts:
    return query.verdicts(transactions.rows(), labels.rows() if labels else None, at)


@cached
def _at_risk(alerts: Snapshot, labels: Snapshot | None, at: query.AsOf) -> query.Open:
    return query.at_risk(alerts.rows(), labels.rows() if labels else None, at)


@cached
def _volume(transactions: Snapshot, alerts: Snapshot | None, until: datetime, days: int) -> pl.DataFrame:
    return query.volume(transactions.rows(), alerts.rows() if alerts else None, until, days)


def draw() -> None:
    """The page."""
    st.title("Overview")
    _live()


@st.fragment(run_every=parts.REFRESH)
@parts.guarded
def _live() -> None:
    source = parts.source()
    transactions = newest(silver.TRANSACTIONS, source)
    totals = _payments(transactions) if transactions else None
    if transactions is None or totals is None or totals.newest is None:
        parts.nothing_yet("No payments have reached the lake yet.")
        return
    scores, alerts, labels = (newest(t, source) for t in (gold.SCORES, gold.ALERTS, silver.LABELS))
    at = as_known(source)
    risk = _at_risk(alerts, labels, at) if alerts else query.Open(0, 0, 0.0)
    decided = _decisions(scores) if scores else query.Decisions(0, 0, None)
    _money(totals, decided, risk)
    _time(totals, decided, _verdicts(transactions, labels, at))
    parts.as_of(transactions, scores, alerts, labels)
    days = parts.days("overview_range")
    volume = _volume(transactions, alerts, totals.newest, days)
    parts.chart(_lines(volume, days), "Payments and alerts over time", "volume")
    parts.as_of(transactions, alerts)


def _money(totals: query.Payments, decided: query.Decisions, risk: query.Open) -> None:
    first, second, third, fourth = st.columns(4)
    parts.card(first, "Transactions", f"{totals.count:,}", "the whole history", "Payments in silver.transactions.")
    parts.card(
        second,
        "Alerts",
        f"{risk.alerts:,}",
        f"{risk.open:,} open",
        "All alerts; one is open until its payment is labelled or its label delay is over.",
    )
    parts.card(
        third,
        "Money at risk",
        f"{risk.money:,.0f} {totals.currency}".strip(),
        "in open alerts",
        "Sum of the amounts of open alerts.",
    )
    parts.card(
        fourth,
        "Flagged by the champion",
        look.share(decided.flagged, decided.count),
        f"{decided.flagged:,} of {decided.count:,} decided",
        "Share of decided payments that were not approved.",
    )


def _time(totals: query.Payments, decided: query.Decisions, verdicts: query.Verdicts) -> None:
    now = parts.now()
    first, second, third = st.columns(3)
    parts.card(
        first,
        "Labelled as fraud",
        look.share(verdicts.fraud, verdicts.count),
        f"{verdicts.fraud:,} of {verdicts.count:,} settled",
        "Share of fraud among the payments whose label delay is over, by the labels known now.",
    )
    for column, name, when, by in (
        (second, "Newest payment", totals.newest, "event time"),
        (third, "Newest decision", decided.newest, "the time it was made"),
    ):
        value = f"{look.age(when, now)} ago" if when else "–"
        parts.card(column, name, value, look.moment(when) if when else "nothing decided yet", f"Age by {by}.")


def _lines(volume: pl.DataFrame, days: int) -> go.Figure:
    unit = "hour" if days <= 7 else "day"
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.13,
        row_heights=[0.6, 0.4],
        subplot_titles=[f"{what} per {unit} (dotted: the last {unit} so far)" for what in ("Payments", "Alerts")],
    )
    for row, (name, colour) in enumerate((("payments", look.BLUE), ("alerts", look.VERMILION)), start=1):
        for some, dash in ((volume[:-1], "solid"), (volume[-2:], "dot")):
            line = go.Scatter(
                x=some["time"],
                y=some[name],
                mode="lines",
                line={"color": colour, "width": 2, "dash": dash},
                hovertemplate="%{x}: %{y:,} " + name + "<extra></extra>",
            )
            figure.add_trace(line, row=row, col=1)
    figure.update_yaxes(rangemode="tozero")
    figure.update_annotations(x=0, xanchor="left", font={"size": 14, "color": look.INK})
    return look.styled(figure, 420, showlegend=False)
