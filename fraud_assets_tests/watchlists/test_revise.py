"""Loading a file: what opens, closes, changes, and what stays."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_assets.watchlists.file import SCHEMA, Read, read
from fraud_assets.watchlists.lists import BLOCKED_IPS, IP_COUNTRIES, SUSPICIOUS_CARDS, List
from fraud_assets.watchlists.revise import in_force, revised

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def loaded(files: list[str], of: List = SUSPICIOUS_CARDS) -> list[pl.DataFrame]:
    """All revisions after each of the files, one loaded each hour."""
    held, found = pl.DataFrame(schema=SCHEMA), []
    for hour, text in enumerate(files):
        held = pl.concat([held, *revised(held, read(text, of, "cards", START + hour * HOUR), START + hour * HOUR)])
        found.append(held)
    return found


def counting(revisions: pl.DataFrame, hour: float) -> set[str]:
    return set(in_force(revisions, START + hour * HOUR)["entry"])


def cards(*lines: str, header: str = "customer_id,valid_from,valid_to,known_at,why") -> str:
    return "\n".join([header, *lines])


entries = st.sets(st.sampled_from("ABCD"))


@settings(max_examples=40, deadline=None)
@given(st.lists(entries, min_size=1, max_size=6))
def test_what_counts_is_what_the_newest_file_then_had(files: list[set[str]]) -> None:
    held = loaded([cards(*sorted(names)) for names in files])[-1]
    assert [counting(held, hour + 0.5) for hour in range(len(files))] == files


times = st.sampled_from(["", "2025-12-31T00:00:00Z", "2026-01-01T00:30:00Z", "2026-01-02"])
lines = st.tuples(st.sampled_from("AB"), times, times, st.sampled_from(["", "2025-12-31"]), st.sampled_from(["", "x"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(lines.map(",".join), max_size=4), min_size=1, max_size=4))
def test_a_file_that_is_loaded_again_changes_nothing(files: list[list[str]]) -> None:
    texts = [cards(*some) for some in files]
    once = loaded(texts)[-1]
    assert loaded([*texts, texts[-1]])[-1].height == once.height
    assert once.select("entry", "valid_from", "known_at").is_unique().all()


def test_a_closed_entry_that_comes_back_counts_anew_and_history_stays() -> None:
    held = loaded([cards("A,2025-01-01"), cards(), cards("A,2025-01-01")])[-1]
    assert [counting(held, hour) for hour in (-1, 0, 1, 2)] == [set(), {"A"}, set(), {"A"}]
    assert held["valid_to"].to_list() == [None, START + HOUR, None]


def test_a_file_may_say_when_an_entry_was_known() -> None:
    held = loaded([cards("A,2025-01-01,2025-02-01,2025-01-10", "B,2025-01-01")])[-1]
    days = [(datetime(2025, 1, 9, tzinfo=UTC) - START) / HOUR, (datetime(2025, 1, 11, tzinfo=UTC) - START) / HOUR]
    assert [counting(held, hour) for hour in days] == [set(), {"A"}]
    assert counting(held, 0) == {"B"}


def test_a_range_may_change_its_country() -> None:
    files = ["start,end,country\n1.0.0.0,1.0.0.255,AU", "start,end,country\n1.0.0.0,1.0.0.255,CN"]
    held = loaded(files, IP_COUNTRIES)[-1]
    assert [in_force(held, START + hour * HOUR)["country"].to_list() for hour in (0, 1)] == [["AU"], ["CN"]]


def test_an_entry_whose_line_is_bad_stays_as_it_is() -> None:
    held = loaded([cards("A", "B", "C"), cards("A,never", "B")])[-1]
    assert counting(held, 1) == {"A", "B"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",2026-01-01", "customer_id is missing"),
        ("A,yesterday", "valid_from is not an ISO 8601 time but 'yesterday'"),
        ("A,0001-01-01T00:00:00+14:00", "valid_from is not an ISO 8601 time but '0001-01-01T00:00:00+14:00'"),
        ("A,2026-02-01,2026-01-01", "valid_to is not after valid_from"),
        ("A,,,2027-01-01", "known_at is in the future"),
        ("A,,,,why,more", "6 fields, the header has 5"),
        ("B", "repeats line 2"),
        ('"A', "unexpected end of data"),
        ("\ufffdA", "not UTF-8 text"),
        ("A" * 200_000, "field larger than field limit (131072)"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken(line: str, problem: str) -> None:
    found = read(cards("B", line, "C"), SUSPICIOUS_CARDS, "cards", START)
    assert [(bad.line, bad.problem, bad.text) for bad in found.bad] == [(3, problem, line)]
    assert found.entries["entry"].to_list() == ["B", "C"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("::1,::2,FR", "start is not an IPv4 address but '::1'"),
        ("1.0.0.9,1.0.0.1,FR", "end 1.0.0.1 is before start 1.0.0.9"),
        ("1.0.0.0,1.0.0.1,FRA", "country is not a two-letter code but 'FRA'"),
        ("16777472,99999999999,FR", "end is not an IPv4 address but '99999999999'"),
        ("2.0.0.128,2.0.1.0,FR", "overlaps line 2"),
    ],
)
def test_a_bad_range_is_named(line: str, problem: str) -> None:
    text = f"start,end,country,registry\n2.0.0.0,2.0.0.255,FR,x\n{line}\n16777216,16777471,au,x\n"
    found = read(text, IP_COUNTRIES, "cards", START)
    assert [(bad.line, bad.problem) for bad in found.bad] == [(3, problem)]
    assert found.entries["entry"].to_list() == ["2.0.0.0-2.0.0.255", "1.0.0.0-1.0.0.255"]


def test_an_entry_may_be_of_one_source_only() -> None:
    found = read("customer_id,source\nA,cards\nB,ecommerce\nC,\n", SUSPICIOUS_CARDS, "cards", START)
    assert found == Read(found.entries, (), frozenset())
    assert found.entries["entry"].to_list() == ["A", "C"]


def test_an_address_or_network_is_held_as_everybody_writes_it() -> None:
    lines = ["10.0.0.1/32", "10.0.0.0/255.0.0.0", "2001:DB8:0:0::1", "2001:db8::/32", "10.1.2.3/8", "10.0.0.0/33"]
    found = read("\n".join(["ip", *lines]), BLOCKED_IPS, "cards", START)
    assert found.entries["entry"].to_list() == ["10.0.0.1", "10.0.0.0/8", "2001:db8::1", "2001:db8::/32"]
    assert [bad.problem for bad in found.bad] == [
        "ip 10.1.2.3/8 has bits beyond its prefix; the network is 10.0.0.0/8",
        "ip is no address or network but '10.0.0.0/33'",
    ]
