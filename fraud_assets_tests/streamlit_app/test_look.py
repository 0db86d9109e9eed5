"""Numbers and times as people read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from streamlit_app import look

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0034, "3 ms"), (2.34, "2.3 s"), (150, "2 min"), (7200, "2 h"), (90_000, "25 h"), (200_000_000, "2,315 days")],
)
def test_duration(seconds: float, text: str) -> None:
    assert look.duration(seconds) == text


@pytest.mark.parametrize(("ago", "text"), [(0, "0 s"), (59, "59 s"), (120, "2 min"), (-5, "0 ms")])
def test_age(ago: float, text: str) -> None:
    assert look.age(NOW - timedelta(seconds=ago), NOW) == text
    assert look.age(None, NOW) == "–"


def test_moment_is_utc() -> None:
    assert look.moment(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-01 00:00:00"


def test_share() -> None:
    assert look.share(1, 3) == "33.33%"
    assert look.share(0, 0) == "–"


def test_text_for_charts_has_no_tags() -> None:
    assert look.plain("<b>&") == "&lt;b&gt;&amp;"
    assert look.wrapped("one <i> two", 7) == "one &lt;i&gt;<br>two"


def test_every_risk_level_has_a_colour_and_a_marker() -> None:
    assert look.RISK.keys() == look.MARKER.keys()
