"""Small worlds for hypothesis: payments with all that features read, labels, watchlists; few values, so many ties."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import polars as pl
from hypothesis import strategies as st

from fraud_assets.features.inputs.row import SIGNALS, Facts, Positions
from fraud_assets.features.inputs.watchlists import NOTHING, Watchlists

START = datetime(2026, 1, 1, tzinfo=UTC)
BEGAN = START - timedelta(days=3, hours=5)
TIME = pl.Datetime("us", "UTC")
AXES = ("customer_latitude", "customer_longitude", "merchant_latitude", "merchant_longitude")
PAYMENT: dict[str, Any] = {
    "transaction_id": pl.String, "event_time": TIME, "customer_id": pl.String, "merchant_id": pl.String,
    "amount": pl.Float64, **dict.fromkeys(AXES, pl.Float64), "country": pl.String, "ip": pl.String,
    "category": pl.String, "signals": SIGNALS,
}  # fmt: skip
LABEL: dict[str, Any] = {"transaction_id": pl.String, "is_fraud": pl.Boolean, "known_at": TIME}
Row = dict[str, Any]
ENTRIES = (
    ("suspicious_cards", "a"),
    ("suspicious_cards", "b"),
    ("suspicious_merchants", "x"),
    ("blocked_ips", "10.0.0.1"),
)
RANGES = (("10.0.0.0", "10.0.0.1", "DE"), ("10.0.1.0", "10.0.1.9", "FR"))

seconds = st.one_of(
    st.integers(0, 40).map(lambda tick: 6 * 3600 * tick),  # ten days, with ties
    st.integers(0, 3600),
    st.integers(0, 120 * 86_400),
)
moments = seconds.map(lambda after: START + timedelta(seconds=after))
axis = st.none() | st.integers(-80, 80).map(lambda tenth: tenth / 10)
signals = st.none() | st.fixed_dictionaries({}, optional={f"V{n}": st.floats(-5, 5, width=32) for n in range(1, 8)})


@st.composite
def payments(draw: st.DrawFn, number: int) -> Row:
    """A payment; its identifier is not in the order of ``number``."""
    return {
        "transaction_id": f"t{number * 7 % 100:02}",
        "event_time": draw(moments),
        "customer_id": draw(st.sampled_from(["a", "a", "a", "b", None])),
        "merchant_id": draw(st.sampled_from(["x", "x", "y", None])),
        "amount": draw(st.integers(0, 30_000).map(lambda cents: cents / 100) | st.sampled_from([0.0, 10.0, 1000.0])),
        **{name: draw(axis) for name in AXES},
        "country": draw(st.sampled_from(["DE", "fr", None])),
        "ip": draw(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.1.9", None])),
        "category": draw(st.sampled_from(["travel", "gas_transport", "a category of many words", "é", "", None])),
        "signals": draw(signals),
    }


def labels(rows: list[Row]) -> st.SearchStrategy[Row]:
    """A label of one of some payments: before it, soon after, at the usual delay of 3 days, or late."""
    after = st.sampled_from([-86_400, 0, 3_600, 3 * 86_400, 3 * 86_400 + 1, 20 * 86_400])
    return st.builds(
        lambda row, fraud, late: {
            "transaction_id": row["transaction_id"],
            "is_fraud": fraud,
            "known_at": row["event_time"] + timedelta(seconds=late),
        },
        st.sampled_from(rows), st.booleans(), after,
    )  # fmt: skip


hours = st.integers(0, 240).map(lambda hour: START + timedelta(hours=hour))


@st.composite
def revisions(draw: st.DrawFn) -> list[Row]:
    """Revisions of watchlists; of one entry and valid_from no two are known at one moment."""
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(ENTRIES), hours, st.none() | hours, hours),
            max_size=6, unique_by=lambda row: (row[0], row[1], row[3]),
        )
    )  # fmt: skip
    rows: list[Row] = [
        {"list": of, "entry": entry, "valid_from": since, "valid_to": until, "known_at": known}
        for (of, entry), since, until, known in drawn
    ]
    for first, last, country in draw(st.sampled_from([(), RANGES])):
        since = draw(hours)
        bounds = {"ip_first": int(IPv4Address(first)), "ip_last": int(IPv4Address(last)), "country": country}
        rows.append(
            {"list": "ip_countries", "entry": f"{first}-{last}", "valid_from": since, "known_at": since, **bounds}
        )
    return [{**dict.fromkeys(NOTHING.columns), **row} for row in rows]


def paid(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=PAYMENT)


def received(rows: list[Row]) -> pl.DataFrame:
    """Labels as a frame; of those of one payment that became known at one moment the last one given."""
    newest = {(row["transaction_id"], row["known_at"]): row for row in rows}
    return pl.DataFrame(list(newest.values()), schema=LABEL)


def facts(rows: list[Row], positions: Positions) -> Facts:
    return Facts(BEGAN, positions, Watchlists(pl.DataFrame(rows, schema=NOTHING.schema)))
