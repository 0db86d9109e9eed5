"""A blocked network blocks its addresses, as of event time: compared with Python's own arithmetic, entry by entry."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fraud_assets.features.inputs.networks import Networks
from fraud_assets.features.inputs.watchlists import NOTHING, Watchlists, with_watchlists

START = datetime(2026, 1, 1, tzinfo=UTC)
# few bits vary, so that addresses often fall under networks
v4 = st.integers(0, 63).map(lambda bits: str(IPv4Address((10 << 24) + (bits << 4))))
v6 = st.integers(0, 63).map(lambda bits: str(IPv6Address((0x20010DB8 << 96) + (bits << 62))))
networks = st.one_of(
    st.tuples(v4, st.integers(0, 32)).map(lambda drawn: ip_network("/".join(map(str, drawn)), strict=False)),
    st.tuples(v6, st.integers(0, 128)).map(lambda drawn: ip_network("/".join(map(str, drawn)), strict=False)),
)
entries = networks.map(lambda each: str(each.network_address if each.num_addresses == 1 else each))
addresses = st.one_of(v4, v6, v6.map(str.upper), st.sampled_from(["", "10.0.0.256", "010.0.0.1", "10.0.0.0/8"]))


def has(entry: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(entry)
    except ValueError:
        return False


@settings(max_examples=150, deadline=None)
@given(
    rows=st.dictionaries(entries, st.tuples(st.integers(0, 9), st.integers(10, 19)), max_size=8),
    asked=st.lists(st.tuples(st.none() | addresses, st.integers(0, 20)), min_size=1, max_size=10),
)
@example(rows={"0.0.0.0/0": (0, 10), "10.0.0.0/8": (0, 10)}, asked=[("10.0.0.0/8", 0)])
@example(rows={"10.0.0.0/8": (1, 10), "10.0.0.0/24": (3, 12)}, asked=[("10.0.0.9", 0), ("10.0.0.9", 11)])
def test_a_payment_s_address_is_blocked_while_a_network_of_it_is(
    rows: dict[str, tuple[int, int]], asked: list[tuple[str | None, int]]
) -> None:
    def at(hour: int) -> datetime:
        return START + timedelta(hours=hour)

    told = [
        {"list": "blocked_ips", "entry": entry, "valid_from": at(since), "valid_to": at(until), "known_at": at(since)}
        for entry, (since, until) in rows.items()
    ]
    payments = pl.DataFrame(
        [(address, at(hour)) for address, hour in asked],
        schema={"ip": pl.String, "event_time": pl.Datetime("us", "UTC")},
        orient="row",
    )
    found = with_watchlists(payments, ["ip_listed"], Watchlists(pl.DataFrame(told, schema=NOTHING.schema)))[
        "ip_listed"
    ].to_list()
    known = min((since for since, _ in rows.values()), default=99)
    assert found == [
        None
        if address is None or hour < known
        else float(any(has(entry, address) and since <= hour < until for entry, (since, until) in rows.items()))
        for address, hour in asked
    ]


def test_an_address_is_under_every_network_of_it_and_under_itself_written_otherwise() -> None:
    found = Networks(["2001:db8::1", "2001:db8::/32", "10.0.0.1", "0.0.0.0/0", "10.0.0.2"]).holders(
        ["2001:DB8::1", "10.0.0.1"]
    )
    assert found.rows() == [
        ("2001:DB8::1", "2001:db8::/32"),
        ("2001:DB8::1", "2001:db8::1"),
        ("10.0.0.1", "0.0.0.0/0"),
    ]
