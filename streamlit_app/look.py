"""How everything looks and reads: colours, numbers, times, charts. No Streamlit here."""

import html
import textwrap
from datetime import UTC, datetime

import plotly.graph_objects as go

# M. Okabe and K. Ito, Color Universal Design (2008): distinct with every common colour vision.
BLUE, VERMILION, GREEN, ORANGE, SKY, GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#6B7684"
INK, LINE = "#16202C", "#E3E8EE"

#: One colour and one marker a risk level, everywhere; the level's name is always beside them.
RISK = {"critical": "#882255", "high": VERMILION, "medium": ORANGE, "low": SKY, "not scored": GREY}
MARKER = {"critical": "diamond", "high": "square", "medium": "triangle-up", "low": "circle", "not scored": "x"}
STATUS = {"success": GREEN, "failure": VERMILION}
READING = {"stable": BLUE, "moderate": ORANGE, "major": VERMILION}

TIME = "YYYY-MM-DD HH:mm:ss"  # as column formats write it


def plain(text: str) -> str:
    """Text for a chart, where Plotly would read tags."""
    return html.escape(text, quote=False)


def wrapped(text: str, width: int = 34) -> str:
    """Text for a chart's axis, broken into lines."""
    return "<br>".join(plain(line) for line in textwrap.wrap(text, width))


def moment(when: datetime) -> str:
    """A time to the second, UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """A length of time in its largest fitting unit, for example ``340 ms``, ``2.3 s``, ``5 min``, ``3 h``."""
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * 86_400:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86_400:,.0f} days"


def age(when: datetime | None, now: datetime) -> str:
    """How long ago, or – when there was nothing."""
    if when is None:
        return "–"
    seconds = (now - when).total_seconds()
    return f"{seconds:.0f} s" if 0 <= seconds < 60 else duration(max(seconds, 0))


def share(part: int, whole: int) -> str:
    """A share in percent, or – of nothing."""
    return f"{part / whole:.2%}" if whole else "–"


def styled(figure: go.Figure, height: int, **layout: object) -> go.Figure:
    """The figure in the house style: no frame, light grid, dark text, room for the axes' names."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        font={"color": INK, "size": 13},
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        plot_bgcolor="white",
        paper_bgcolor="white",
    )
    axis = {"gridcolor": LINE, "zeroline": False, "automargin": True, "title_font_size": 13, "ticklabelstandoff": 4}
    figure.update_xaxes(axis).update_yaxes(axis)
    return figure.update_layout(**layout)
