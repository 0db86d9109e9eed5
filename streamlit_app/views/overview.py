"""The Overview page: how much is paid, how much of it is fraud, and how fresh that knowledge is."""

from datetime import datetime

import polars as pl
import streamlit as st

from fraud_assets.declarations.tables import gold, silver
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
def _settled(transactions: Snapshot, labels: Snapshot | None, at: query.AsOf) -> query.Settled:
    return query.settled(transactions.rows(), labels.rows() if labels else None, at)


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
    _time(totals, decided, _settled(transactions, labels, at))
    parts.as_of(transactions, scores, alerts, labels)
    days = parts.days("overview_range")
    volume = _volume(transactions, alerts, totals.newest, days)
    unit = "hour" if days <= 7 else "day"
    for what, colour, height in (("payments", look.BLUE, 260), ("alerts", look.VERMILION, 200)):
        spec = _line(volume, what, colour, unit, height)
        st.vega_lite_chart(spec, key=f"volume_{what}", alt=f"{what.capitalize()} over time")
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
        "Flagged",
        look.share(decided.flagged, decided.count),
        f"{decided.flagged:,} of {decided.count:,} decided",
        "Share of the payments decided by the champion that were not approved.",
    )


def _time(totals: query.Payments, decided: query.Decisions, settled: query.Settled) -> None:
    now = parts.now()
    first, second, third = st.columns(3)
    parts.card(
        first,
        "Labelled as fraud",
        look.share(settled.fraud, settled.count),
        f"{settled.fraud:,} of {settled.count:,} settled",
        "Share of fraud among the payments whose label delay is over, by the labels known now.",
    )
    for column, name, when, by in (
        (second, "Newest payment", totals.newest, "event time"),
        (third, "Newest decision", decided.newest, "the time it was made"),
    ):
        value = f"{look.age(when, now)} ago" if when else "–"
        parts.card(column, name, value, look.moment(when) if when else "nothing decided yet", f"Age by {by}.")


def _line(volume: pl.DataFrame, what: str, colour: str, unit: str, height: int) -> dict[str, object]:
    """One line in Vega-Lite, which a browser has ready a second before Plotly: this page must not keep people waiting.

    The last, unfinished hour or day is dotted. The point nearest to the pointer shows its figure.
    """
    points = volume.select("time", when=pl.col("time").dt.strftime("%Y-%m-%d %H:%M"), count=what)
    near = {"name": "near", "select": {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"}}
    tooltip = [{"field": "when", "title": "from (UTC)"}, {"field": "count", "title": what, "format": ","}]
    layers: list[dict[str, object]] = [
        {"data": _values(points[:-1]), "mark": {"type": "line", "color": colour}},
        {"data": _values(points[-2:]), "mark": {"type": "line", "color": colour, "strokeDash": [2, 3]}},
        {
            "data": _values(points),
            "mark": {"type": "point", "color": colour, "filled": True, "size": 60},
            "params": [near],
            "encoding": {
                "opacity": {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0},
                "tooltip": tooltip,
            },
        },
    ]
    times = {"format": "%-d %b" if unit == "day" else "%-d %b %H:%M"}
    return {
        "title": {"text": f"{what.capitalize()} per {unit} (dotted: the last {unit} so far)", "anchor": "start"},
        "height": height,
        "encoding": {
            "x": {"field": "time", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": times},
            "y": {
                "field": "count",
                "type": "quantitative",
                "title": None,
                "axis": {"tickMinStep": 1, "tickCount": 4, "format": ",d"},
            },
        },
        "layer": layers,
    }


def _values(points: pl.DataFrame) -> dict[str, object]:
    return {"values": points.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%MZ")).to_dicts()}
