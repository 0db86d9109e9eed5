"""The Alerts page: the queue, and one alert in detail."""

from datetime import datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from fraud_assets.declarations.tables import gold, silver
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets.silver.analyst_labels import add_label
from streamlit_app import data, look, parts
from streamlit_app.data import Snapshot, cached, newest
from streamlit_app.queries import alerts as query
from streamlit_app.queries.overview import AsOf

_MOST = 1000  # rows of the queue that are sent to the browser
_EVER = "any time"


@cached
def _queue(alerts: Snapshot, labels: Snapshot | None, wanted: query.Filter, at: AsOf) -> pl.DataFrame:
    return query.queue(alerts.rows(), labels.rows() if labels else None, wanted, at)


@cached
def _row(table: Snapshot, transaction_id: str) -> dict[str, Any] | None:
    return query.one(table.rows(), transaction_id)


@cached
def _payments(transactions: Snapshot, scores: Snapshot | None, customer: str, around: datetime) -> pl.DataFrame:
    return query.customer_payments(transactions.rows(), scores.rows() if scores else None, customer, around)


@cached
def _merchant(alerts: Snapshot, merchant: str, except_for: str) -> pl.DataFrame:
    return query.merchant_alerts(alerts.rows(), merchant, except_for)


@cached
def _newest_event(alerts: Snapshot) -> datetime:
    newest: datetime = alerts.rows().select(pl.col("event_time").max()).collect().item()
    return newest


@parts.guarded
def draw() -> None:
    """The page."""
    st.title("Alerts")
    source = parts.source()
    alerts = newest(gold.ALERTS, source, _pinned(source))
    if alerts is None or data.count(alerts) == 0:
        unpin()
        _wait(source)
        return
    st.session_state["alerts_pinned"] = (source, alerts.version)
    labels = newest(silver.LABELS, source)
    _newer(alerts)
    rows = _queue(alerts, labels, _filter(alerts), data.as_known(source))
    st.caption(
        f"{rows.height:,} alerts, riskiest first"
        + (f"; the first {_MOST:,} are shown" if rows.height > _MOST else "")
        + ". Tick one to open it."
    )
    _table(rows.head(_MOST))
    parts.as_of(alerts, labels)
    chosen = st.session_state.get("alert")
    opened = _row(alerts, chosen) if chosen else None
    if opened:
        _detail(opened, alerts)
        _label_form(opened["transaction_id"], source, labels)


def unpin() -> None:
    """Let the queue show the newest alerts the next time it is drawn."""
    st.session_state.pop("alerts_pinned", None)


def _pinned(source: str) -> int | None:
    """The version the queue stays at, so that rows do not move under the mouse; None for the newest."""
    of, version = st.session_state.get("alerts_pinned", (None, None))
    return version if of == source else None


@st.fragment(run_every=parts.REFRESH)
def _wait(source: str) -> None:
    alerts = newest(gold.ALERTS, source)
    if alerts is not None and data.count(alerts):
        st.rerun()
    parts.nothing_yet("No alerts have been raised yet.")


@st.fragment(run_every=parts.REFRESH)
def _newer(shown: Snapshot) -> None:
    """A button as soon as there are more alerts than shown."""
    latest = newest(gold.ALERTS, shown.source)
    if latest is None or latest.version == shown.version:
        return
    more = data.count(latest) - data.count(shown)
    if more and st.button(f"Show {more:,} newer alerts", icon=":material/refresh:", key="alerts_newer"):
        unpin()
        st.rerun()


def _filter(alerts: Snapshot) -> query.Filter:
    first, second, third, fourth, fifth = st.columns([2.8, 1.8, 1.4, 2.2, 1.5], vertical_alignment="bottom")
    levels = first.pills("Risk level", query.LEVELS[:3], selection_mode="multi", key="alerts_levels")
    span = second.selectbox("Payments of the last", [_EVER, *parts.RANGES], key="alerts_range")
    least = third.number_input("Minimum amount", min_value=0.0, step=10.0, key="alerts_amount")
    text = fourth.text_input("Customer, merchant or payment", placeholder="part of an id", key="alerts_text")
    still = fifth.checkbox("Open only", key="alerts_open", help="Without those whose payment is labelled or settled.")
    since = None if span == _EVER else _newest_event(alerts) - timedelta(days=parts.RANGES[span])
    return query.Filter(tuple(levels), since, float(least), text, still)


def _table(rows: pl.DataFrame) -> None:
    def choose() -> None:
        picked = st.session_state["alerts_queue"]["selection"]["rows"]
        st.session_state["alert"] = rows["transaction_id"][picked[0]] if picked else None

    st.dataframe(
        rows.with_columns(pl.concat_list("risk_level").alias("risk_level")),
        hide_index=True,
        height=320,
        key="alerts_queue",
        on_select=choose,
        selection_mode="single-row",
        column_order=[c for c in rows.columns if c != "transaction_id"] + ["transaction_id"],
        column_config=_columns(),
        alt="Alert queue",
    )


def _columns() -> dict[str, Any]:
    kind = st.column_config
    return {
        "risk_level": kind.MultiselectColumn(
            "Risk", options=list(query.LEVELS), color=[look.RISK[level] for level in query.LEVELS]
        ),
        "score": kind.ProgressColumn("Score", min_value=0.0, max_value=1.0, format="%.3f"),
        "amount": kind.NumberColumn("Amount", format="%.2f"),
        "event_time": kind.DatetimeColumn("Time", format=look.TIME, timezone="UTC"),
        "customer_id": "Customer",
        "merchant_id": "Merchant",
        "decision": "Decision",
        "label": kind.TextColumn("Label", help="What is known by now: fraud, genuine, or open."),
        "transaction_id": "Payment",
    }


def _detail(alert: dict[str, Any], alerts: Snapshot) -> None:
    transactions, scores = newest(silver.TRANSACTIONS, alerts.source), newest(gold.SCORES, alerts.source)
    transaction_id = alert["transaction_id"]
    payment = (_row(transactions, transaction_id) if transactions else None) or {}
    score = (_row(scores, transaction_id) if scores else None) or {}
    st.subheader("Alert in detail", anchor="detail")
    with st.container(border=True):
        cards = st.columns(4)
        cards[0].metric("Risk", str(alert["risk_level"]).capitalize())
        cards[1].metric("Score", f"{alert['score']:.3f}")
        cards[2].metric("Amount", f"{alert['amount']:,.2f} {payment.get('currency') or ''}".strip())
        cards[3].metric("Decision", str(alert["decision"]).capitalize())
        _fields(alert, payment, score)
    left, right = st.columns(2)
    with left:
        st.markdown("**Why the score is high**")
        parts.chart(_reasons(query.reasons(alert, payment.get("currency"))), "What drove the score", "alert_reasons")
    with right:
        st.markdown("**The customer's payments around it**")
        if transactions:
            rows = _payments(transactions, scores, alert["customer_id"], alert["event_time"])
            parts.chart(_timeline(rows, transaction_id), "The customer's payments over time", "alert_timeline")
    st.markdown("**The merchant's other alerts**")
    others = _merchant(alerts, alert["merchant_id"], transaction_id)
    if others.is_empty():
        st.caption("None.")
    else:
        shown = others.with_columns(pl.concat_list("risk_level").alias("risk_level"))
        st.dataframe(shown, hide_index=True, column_config=_columns(), alt="The merchant's other alerts")
    parts.as_of(alerts, transactions, scores)


def _label_form(transaction_id: str, source: str, labels: Snapshot | None) -> None:
    """The payment's labels, and a form for an analyst's label."""
    st.markdown("**Label**")
    for label in (query.labels_of(labels.rows(), transaction_id) if labels else pl.DataFrame()).iter_rows(named=True):
        line = f"{look.moment(label['known_at'])}: {'fraud' if label['is_fraud'] else 'genuine'}"
        by = f" by {label['who']}: {label['why']}" if label.get("who") else ""
        st.text(f"{line}, {label['origin'] or 'label'}{by}")
    with st.form("alerts_label", border=True):
        left, right = st.columns([1, 2.4])
        who = left.text_input("Your name", key="alerts_who")
        why = right.text_input("Why", key=f"alerts_why_{transaction_id}", help="Kept with the label.")
        buttons = st.columns(2)
        fraud = buttons[0].form_submit_button("Fraud", type="primary", width="stretch")
        genuine = buttons[1].form_submit_button("Genuine", width="stretch")
    if not (fraud or genuine):
        return
    if not (who.strip() and why.strip()):
        st.warning("Say who you are and why; both are kept with the label.")
        return
    try:
        add_label(source, transaction_id, fraud, who, why, Lake.of(settings()))
    except FraudError as error:
        st.warning(parts.literal(str(error)))
        return
    st.rerun()


def _fields(alert: dict[str, Any], payment: dict[str, Any], score: dict[str, Any]) -> None:
    """Facts about the payment; as plain text, because some of it is what a stranger sent."""
    facts = {
        "Payment": alert["transaction_id"],
        "Time": look.moment(alert["event_time"]),
        "Customer": alert["customer_id"],
        "Merchant": alert["merchant_id"],
        "Category": payment.get("category"),
        "Channel": payment.get("channel"),
        "Method": payment.get("payment_method"),
        "Device": payment.get("device"),
        "Country": payment.get("country"),
        "Model version": alert["model_version"],
        "Policy": score.get("policy_hash"),
        "Decided by": score.get("lane") and f"{score['lane']} lane",
        "Alert raised": look.moment(alert["raised_at"]),
    }
    known = [(name, str(value)) for name, value in facts.items() if value not in (None, "")]
    for start in range(0, len(known), 4):
        for column, (name, value) in zip(st.columns(4), known[start : start + 4], strict=False):
            cell = column.container(gap=None)
            cell.caption(name)
            cell.text(value)


def _reasons(reasons: pl.DataFrame) -> go.Figure:
    raises = reasons["contribution"] >= 0
    words = [look.wrapped(word) for word in reasons["words"]]
    figure = go.Figure(
        go.Bar(
            x=reasons["contribution"],
            y=words,
            orientation="h",
            marker_color=[look.VERMILION if up else look.BLUE for up in raises],
            text=[f"{v:+.2f}" for v in reasons["contribution"]],
            textposition="outside",
            textangle=0,
            cliponaxis=False,
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(range=_room_for_labels(reasons["contribution"].to_list()))
    figure.update_xaxes(title="log-odds added to the score", zeroline=True, zerolinecolor=look.INK)
    most_lines = max((word.count("<br>") + 1 for word in words), default=1)
    return look.styled(figure, max(330, 90 + len(words) * (17 * most_lines + 8)), showlegend=False)


def _room_for_labels(values: list[float]) -> list[float]:
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    room = 0.2 * (high - low)
    return [low - room if low else 0.0, high + room]


def _timeline(rows: pl.DataFrame, marked: str) -> go.Figure:
    figure = go.Figure()
    for level, colour in reversed(look.RISK.items()):
        some = rows.filter((pl.col("risk_level") == level) & (pl.col("transaction_id") != marked))
        if some.height:
            figure.add_scatter(
                x=some["event_time"],
                y=some["amount"],
                mode="markers",
                name=level,
                marker={"color": colour, "symbol": look.MARKER[level], "size": 9},
                customdata=[look.plain(m) for m in some["merchant_id"]],
                hovertemplate="%{x}: %{y:,.2f} at %{customdata}<extra></extra>",
            )
    this = rows.filter(pl.col("transaction_id") == marked)
    figure.add_scatter(
        x=this["event_time"],
        y=this["amount"],
        mode="markers",
        name="this payment",
        marker={"color": look.INK, "symbol": "star", "size": 16},
        hovertemplate="%{x}: %{y:,.2f}<extra></extra>",
    )
    figure.update_yaxes(title="amount", rangemode="tozero")
    return look.styled(figure, 330)
