"""What several pages draw: empty states, when a figure was current, ranges of time, charts."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps

import plotly.graph_objects as go
import polars as pl
import streamlit as st
from deltalake.exceptions import DeltaError
from streamlit.delta_generator import DeltaGenerator

from fraud_assets.logs import logger
from streamlit_app import look
from streamlit_app.data import Snapshot

_LOG = logger(__name__)

REFRESH = 5  # seconds between looks at the tables' versions
RANGES: Mapping[str, int] = {"24 hours": 1, "7 days": 7, "30 days": 30, "90 days": 90}  # in days


def guarded(draw: Callable[[], None]) -> Callable[[], None]:
    """The drawing, with one line instead of a traceback when files vanish under it, as upkeep and resets make them."""

    @wraps(draw)
    def drawn() -> None:
        try:
            draw()
        except (OSError, pl.exceptions.PolarsError, DeltaError, LookupError) as error:
            _LOG.warning("reading the lake failed", error=str(error))
            st.warning("The lake changed while it was being read. If this stays, reload the page, or see the log.")

    return drawn


def source() -> str:
    """The source chosen in the sidebar."""
    return str(st.session_state.get("source", ""))


def now() -> datetime:
    """The present time, UTC."""
    return datetime.now(UTC)


def nothing_yet(what: str) -> None:
    """The empty state of a page or a part of one: what is missing and what to run."""
    with st.container(border=True):
        st.markdown(f"**{what}**")
        st.markdown(
            "Run the whole lakehouse on simulated payments:  \n`make demo`\n\n"
            "or, with the stack already installed, start it and send payments:  \n"
            "`fraud up`, then `fraud simulate cards --kafka`"
        )


def literal(text: str) -> str:
    """Text that shows as it is where Streamlit would read Markdown."""
    return re.sub(r"([^\w\s])", r"\\\1", text)


def as_of(*snapshots: Snapshot | None) -> None:
    """Which versions of which tables the figures above come from."""
    present = [s for s in snapshots if s is not None]
    if present:
        written = look.moment(max(s.written_at for s in present))
        tables = " · ".join(f"{s.table} version {s.version}" for s in present)
        st.caption(f"As of {written} · {tables}")


def card(column: DeltaGenerator, name: str, value: str, below: str, meaning: str) -> None:
    """A figure in a frame, with what it is made of below and what it means behind the question mark."""
    column.metric(name, value, below, delta_color="off", delta_arrow="off", border=True, help=meaning)


def days(key: str, default: str = "30 days") -> int:
    """A choice of range, in days."""
    chosen = st.segmented_control("Range", list(RANGES), default=default, required=True, key=key)
    return RANGES[chosen or default]


def chart(figure: go.Figure, title: str, key: str) -> None:
    """A chart with a title people and screen readers find."""
    st.plotly_chart(figure, key=key, alt=title, theme=None, config={"displayModeBar": False})
