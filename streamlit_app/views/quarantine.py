"""The Quarantine page: what is there and why, one record in detail, and what is done about it."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from fraud_assets.declarations.sources.source import named
from fraud_assets.errors import FraudError
from fraud_assets.lake.location import Lake
from fraud_assets.settings import settings
from fraud_assets.silver import actions
from fraud_assets.silver.patch import patching
from fraud_assets.silver.quarantine import Id, State, as_text, cases, chosen, history
from fraud_assets.silver.reconciliation import Reconciliation, reconcile
from streamlit_app import data, look, parts
from streamlit_app.data import cached
from streamlit_app.queries import quarantine as query

_ANY = "any reason"
_CHOSEN = "quarantine_record"
_THIS, _ALL = "this record", "all open records with the reason"
_NEXT = "Silver reads it on its next run."
_COUNT = st.column_config.NumberColumn(format="localized")


@cached
def _reconciled(snapshot: data.Cases) -> list[Reconciliation]:
    return reconcile(snapshot.source, Lake.of(settings()))


@cached
def _by_reason(snapshot: data.Cases) -> pl.DataFrame:
    return query.by_reason(snapshot.rows())


@cached
def _newest_cases(snapshot: data.Cases, reason: str, state: str) -> pl.DataFrame:
    return query.newest(chosen(snapshot.rows(), reason=reason, states=(State(state),)))


@parts.guarded
def draw() -> None:
    """The page."""
    st.title("Quarantine")
    snapshot = data.cases(parts.source())
    if snapshot is None:
        parts.nothing_yet("Nothing has reached silver yet.")
        return
    if message := st.session_state.pop("quarantine_message", ""):
        st.success(message)
    st.subheader("By reason")
    reasons = _by_reason(snapshot)
    columns: dict[str, Any] = {
        "stream": "Stream",
        "reason": "Reason",
        "records": st.column_config.NumberColumn("Records", format="localized"),
    }
    st.dataframe(
        reasons, width="content", hide_index=True, column_config=columns, alt="Records in quarantine by reason"
    )
    st.subheader("Reconciliation")
    _show(_reconciled(snapshot))
    st.subheader("Records")
    first, second = st.columns([1.4, 1], vertical_alignment="bottom")
    states = [str(state) for state in State]
    state = first.segmented_control("State", states, default="open", required=True, key="quarantine_state")
    reason = second.selectbox("Reason", [_ANY, *dict.fromkeys(reasons["reason"])], key="quarantine_reason")
    _table(_newest_cases(snapshot, "" if reason == _ANY else reason, state or "open"))
    parts.as_of(*snapshot.tables)
    if _CHOSEN in st.session_state:
        _detail(snapshot.source, st.session_state[_CHOSEN])


_TERMS = ("stream", "bronze", "silver", "duplicates", "corrections", "quarantined", "discarded")


def _show(reconciled: list[Reconciliation]) -> None:
    read = [each for each in reconciled if each.version is not None]
    if not read:
        st.caption("Silver has read nothing yet.")
        return
    rows = [(*(getattr(each, name) for name in _TERMS), "yes" if each.balanced else "no") for each in read]
    names = ["Stream", "Bronze", "Silver", "Duplicates", "Corrections", "In quarantine", "Discarded", "Balanced"]
    counts: dict[str, Any] = dict.fromkeys(names[1:-1], _COUNT)
    shown = pl.DataFrame(rows, names, orient="row")
    st.dataframe(shown, width="content", hide_index=True, column_config=counts, alt="Reconciliation of every stream")
    terms = "silver + duplicates + corrections + in quarantine + discarded"
    st.caption(f"Bronze = {terms}, at the version that silver has read.")


def _table(rows: pl.DataFrame) -> None:
    def choose() -> None:
        picked = st.session_state["quarantine_records"]["selection"]["rows"]
        st.session_state.pop(_CHOSEN, None)
        if picked:
            st.session_state[_CHOSEN] = Id(*rows.select("topic", "partition", "offset").row(picked[0]))

    if rows.is_empty():
        st.caption("No such record.")
        return
    config: dict[str, Any] = {
        "quarantined_at": st.column_config.DatetimeColumn("Put aside", format=look.TIME, timezone="UTC"),
        "reasons": "Reasons",
        "value": st.column_config.TextColumn("Record", width="large"),
        "stream": "Stream",
        "topic": "Topic",
        "partition": "Partition",
        "offset": st.column_config.NumberColumn("Offset", format="plain"),
        "who": "By",
        "why": "Why",
    }
    st.dataframe(
        rows,
        hide_index=True,
        height=300,
        key="quarantine_records",
        on_select=choose,
        selection_mode="single-row",
        column_order=list(config),
        column_config=config,
        alt="Records in quarantine",
    )


def _detail(source: str, record: Id) -> None:
    frame = cases(source, Lake.of(settings()))
    case_rows = None if frame is None else chosen(frame, (record,)).collect()
    if case_rows is None or case_rows.is_empty():
        return
    case = case_rows.row(0, named=True)
    st.subheader("Record in detail", anchor="detail")
    with st.container(border=True):
        st.text(f"{record}, {case['stream']}, sent {look.moment(case['kafka_time'])}: {case['state']}")
        for event in history(source, record, Lake.of(settings())).iter_rows(named=True):
            by = f" by {event['who']}: {event['why']}" if event.get("who") else ""
            patch = f" with {event['expression']}" if event.get("expression") else ""
            st.text(f"{look.moment(event['at'])} {event['what']}{patch}{by}")
            if event["reasons"]:
                st.text("\n".join(f"– {reason}" for reason in event["reasons"]))
            st.code(as_text(event["value"], most=20_000), language=None, wrap_lines=True)
    if case["state"] == State.OPEN:
        _act(source, record, case)


def _act(source: str, record: Id, case: dict[str, Any]) -> None:
    reasons: list[str] = case["reasons"]
    with st.form("quarantine_act", border=True):
        edited = st.text_area(
            "The record as it should be", query.editable(case["value"]) or "", key=f"quarantine_value_{record}"
        )
        expression = st.text_input(
            "Or a patch",
            key=f"quarantine_patch_{record}",
            placeholder="amount=abs(amount)",
            help="field=SQL expression over the record's fields; goes before an edited record",
        )
        which = st.selectbox(
            "For", [_THIS, *reasons], key="quarantine_for", format_func=lambda r: r if r == _THIS else f"{_ALL}: {r}"
        )
        left, right = st.columns([1, 2.4])
        who = left.text_input("Your name", key="quarantine_who")
        why = right.text_input("Why", key="quarantine_why", help="Kept with the action.")
        buttons = st.columns(3)
        fixed = buttons[0].form_submit_button("Fix", type="primary", width="stretch")
        again = buttons[1].form_submit_button("Replay as it is", width="stretch")
        gone = buttons[2].form_submit_button("Discard", width="stretch")
    if not (fixed or again or gone):
        return
    if not (who.strip() and why.strip()):
        st.warning("Say who you are and why; both are kept with the action.")
        return
    one = which == _THIS
    wanted = actions.Chosen(source, (record,)) if one else actions.Chosen(source, reason=which)
    by, lake = actions.By(who.strip(), why), Lake.of(settings())
    if fixed and not (one or expression):
        st.warning("An edited record is one record; give a patch to fix them all.")
    elif fixed:
        _do(lambda: _fix(wanted, edited, expression, by), f"fixed. {_NEXT}")
    elif again:
        _do(lambda: actions.replay(wanted, by, lake), f"to be replayed. {_NEXT}")
    else:
        _do(lambda: actions.discard(wanted, by, lake), "discarded.")


def _fix(wanted: actions.Chosen, edited: str, expression: str, by: actions.By) -> int:
    edit = patching(named(wanted.source), [expression]) if expression else lambda *_: edited.encode()
    return actions.fix(wanted, edit, by, Lake.of(settings()), expression)


def _do(act: Callable[[], int], message: str) -> None:
    try:
        done = act()
    except FraudError as error:
        st.warning(parts.literal(str(error)))
        return
    st.session_state["quarantine_message"] = f"{done:,} {message}"
    st.rerun()
