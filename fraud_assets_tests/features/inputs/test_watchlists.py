"""A list says of a payment what was known of it then: compared with the definition, revision by revision."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_assets.features.inputs.watchlists import LOOKUPS, NOTHING, Watchlists, with_watchlists

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 12)


def at(hour: int | None) -> datetime | None:
    return None if hour is None else START + timedelta(hours=hour)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=NOTHING.schema)


def asked(payments: list[tuple[str | None, int]], column: str) -> pl.DataFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {column: pl.String, "event_time": pl.Datetime("us", "UTC")}
    return pl.DataFrame([(entry, at(hour)) for entry, hour in payments], schema=schema, orient="row")


def revision(
    name: str, entry: str, valid_from: int, valid_to: int | None, known_at: int, **more: Any
) -> dict[str, Any]:
    times = {"valid_from": at(valid_from), "valid_to": at(valid_to), "known_at": at(known_at)}
    return {"list": name, "entry": entry, **times, **more}


def on_the_list(revisions: list[dict[str, Any]], entry: str | None, moment: Any) -> float | None:
    """The definition: of each valid_from the newest revision known by then decides."""
    known = sorted((r for r in revisions if r["known_at"] <= moment), key=lambda r: r["known_at"])
    if entry is None or not known:
        return None
    newest = {r["valid_from"]: r for r in known if r["entry"] == entry}
    return float(
        any(r["valid_from"] <= moment < (r["valid_to"] or datetime.max.replace(tzinfo=UTC)) for r in newest.values())
    )


drawn = st.lists(
    st.tuples(st.sampled_from("AB"), moments, st.none() | moments, moments),
    max_size=8,
    unique_by=lambda row: (row[0], row[1], row[3]),
)


@settings(max_examples=200, deadline=None)
@given(rows=drawn, payments=st.lists(st.tuples(st.sampled_from(["A", "B", "C", None]), moments), max_size=10))
def test_an_entry_counts_from_when_it_was_known_until_it_closed(rows: list[Any], payments: list[Any]) -> None:
    revisions = [revision("blocked_ips", *row) for row in rows]
    found = with_watchlists(asked(payments, "ip"), ["ip_listed"], Watchlists(frame(revisions)))
    assert found["ip_listed"].to_list() == [on_the_list(revisions, entry, at(hour)) for entry, hour in payments]


@settings(max_examples=50, deadline=None)
@given(rows=drawn, later=drawn, payments=st.lists(st.tuples(st.sampled_from("ABC"), moments), max_size=10), now=moments)
def test_what_becomes_known_later_changes_nothing_before(
    rows: list[Any], later: list[Any], payments: list[Any], now: int
) -> None:
    known = [row for row in rows if row[3] <= now]
    revised = [*known, *(row for row in later if row[3] > now)]
    past = [payment for payment in payments if payment[1] <= now]
    one, other = (
        with_watchlists(
            asked(past, "customer_id"),
            ["customer_listed"],
            Watchlists(frame([revision("suspicious_cards", *r) for r in some])),
        )
        for some in (known, revised)
    )
    assert one.equals(other)


def country(first: str, last: str, code: str, since: int, until: int | None = None) -> dict[str, Any]:
    bounds = {"ip_first": int(IPv4Address(first)), "ip_last": int(IPv4Address(last)), "country": code}
    return revision("ip_countries", f"{first}-{last}", since, until, since, **bounds)


@pytest.mark.parametrize(
    ("ip", "hour", "expected"),
    [
        ("10.0.0.0", 1, "AU"),
        ("10.0.0.255", 1, "AU"),
        ("10.0.1.0", 1, None),
        ("9.255.255.255", 1, None),
        ("10.0.0.200", 0, None),  # before anything was known
        ("10.0.0.200", 5, "CN"),  # the range was split
        ("10.0.0.100", 5, "AU"),
        ("10.0.0.256", 5, None),
        ("::1", 5, None),
        ("", 5, None),
        (None, 5, None),
    ],
)
def test_an_address_has_the_country_of_its_range_then(ip: str | None, hour: int, expected: str | None) -> None:
    revisions = frame([
        country("10.0.0.0", "10.0.0.255", "AU", 1),
        country("10.0.0.0", "10.0.0.255", "AU", 1, 5) | {"known_at": at(5)},
        country("10.0.0.0", "10.0.0.127", "AU", 5),
        country("10.0.0.128", "10.0.0.255", "CN", 5),
    ])  # fmt: skip
    found = with_watchlists(asked([("10.0.0.1", 2), (ip, hour)], "ip"), ["ip_country"], Watchlists(revisions))
    assert found["ip_country"].to_list() == ["AU", expected]


def test_without_a_list_nothing_is_known() -> None:
    found = with_watchlists(asked([("10.0.0.1", 2)], "ip"), ["ip_listed", "ip_country"], Watchlists())
    assert found.select("ip_listed", "ip_country").row(0) == (None, None)
    assert {name: found.schema[name] for name in ("ip_listed", "ip_country")} == {
        name: LOOKUPS[name].kind for name in ("ip_listed", "ip_country")
    }
