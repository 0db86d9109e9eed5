"""What the watchlists say of a payment, as of its event time and from what was known by then.

What belongs here: from revisions of silver.references to a column a list. A revision counts for payments from its
valid_from and its known_at on, the later of the two, and before its valid_to and the entry's next revision. Before
anything of a list was known, it says nothing: null.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.features.inputs.networks import holders

_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
_TIME = pl.Datetime("us", "UTC")
COLUMNS = ["list", "entry", "ip_first", "ip_last", "country", "valid_from", "valid_to", "known_at"]
_TYPES: dict[str, type[pl.DataType]] = {"string": pl.String, "bigint": pl.Int64}
NOTHING = pl.DataFrame(schema={c.name: _TYPES.get(c.type, _TIME) for c in silver.REFERENCES.columns}).select(COLUMNS)
"""No revisions."""


@dataclass(frozen=True)
class Lookup:
    """One input that watchlists give: which list, and the payment's column that it is about."""

    of: str
    column: str
    kind: pl.DataType = field(default_factory=pl.Float64)


COUNTRY, LISTED = "ip_country", "ip_listed"
LOOKUPS = {
    "customer_listed": Lookup("suspicious_cards", "customer_id"),
    "merchant_listed": Lookup("suspicious_merchants", "merchant_id"),
    LISTED: Lookup("blocked_ips", "ip"),
    COUNTRY: Lookup("ip_countries", "ip", pl.String()),
}


def with_watchlists(payments: pl.DataFrame, needs: Iterable[str], revisions: pl.DataFrame) -> pl.DataFrame:
    """The payments with those of `LOOKUPS` that are needed: 1 or 0 for a list, a country's code.

    ``revisions`` are one source's, in `COLUMNS`.
    """
    for name in sorted(set(needs) & LOOKUPS.keys()):
        lookup = LOOKUPS[name]
        mine = revisions.filter(pl.col("list") == lookup.of)
        if mine.is_empty():
            payments = payments.with_columns(pl.lit(None, lookup.kind).alias(name))
            continue
        asked = payments.select(pl.col(lookup.column).alias("entry"), "event_time").with_row_index()
        told = {COUNTRY: _countries, LISTED: _blocked}.get(name, _members)(asked, mine)
        found = asked.select("index").join(told, on="index", how="left", maintain_order="left")["told"]
        payments = payments.with_columns(found.alias(name))
    return payments


def _periods(revisions: pl.DataFrame) -> pl.DataFrame:
    """From when on (since) and until when each revision counts, without those that never do."""
    following = pl.col("known_at").shift(-1).over("entry", "valid_from", order_by="known_at")
    return revisions.with_columns(
        since=pl.max_horizontal("valid_from", "known_at"),
        until=pl.min_horizontal("valid_to", following).fill_null(pl.lit(_FOREVER, _TIME)),
    ).filter(pl.col("since") < pl.col("until"))


def _members(asked: pl.DataFrame, revisions: pl.DataFrame) -> pl.DataFrame:
    """Columns index and told: whether each asked entry is on the list at its event_time."""
    known = asked.drop_nulls().filter(pl.col("event_time") >= revisions["known_at"].min()).sort("event_time")
    periods = _periods(revisions).sort("since")
    latest = periods.select("entry", "since", until=pl.col("until").cum_max().over("entry"))
    found = known.join_asof(latest, left_on="event_time", right_on="since", by="entry", check_sortedness=False)
    return found.select("index", told=(pl.col("event_time") < pl.col("until")).fill_null(False).cast(pl.Float64))


def _blocked(asked: pl.DataFrame, revisions: pl.DataFrame) -> pl.DataFrame:
    """Columns index and told: whether each asked address or a network of it is on the list at its event_time.

    A payment's address that is written as a network is no address, and on no list.
    """
    pairs = holders(asked["entry"].drop_nulls().unique(), revisions["entry"].unique())
    under = asked.join(pairs, on="entry").select("index", entry="holder", event_time="event_time")
    alone = asked.with_columns(pl.col("entry").str.replace("/.*", "/"))
    told = pl.concat([_members(alone, revisions), _members(under, revisions)])
    return told.group_by("index").agg(pl.col("told").max())


def _countries(asked: pl.DataFrame, revisions: pl.DataFrame) -> pl.DataFrame:
    """Columns index and told: the country whose range has each asked address at its event_time.

    Between two changes of the list the ranges do not overlap, so that the one that begins last before an address is
    the only one that can have it.
    """
    periods = _periods(revisions)
    changes = pl.concat([periods["since"], periods["until"]]).unique().sort()
    numbers = asked.select("index", "event_time", ip=_number(pl.col("entry"))).drop_nulls()
    era = changes.search_sorted(numbers["event_time"], side="right")
    told = [pl.DataFrame(schema={"index": asked.schema["index"], "told": pl.String})]
    for (which,), some in numbers.with_columns(era=era).filter(pl.col("era") > 0).group_by("era"):
        begun = changes[int(str(which)) - 1]
        ranges = periods.filter(pl.col("since") <= begun, pl.col("until") > begun).sort("ip_first")
        found = some.sort("ip").join_asof(ranges, left_on="ip", right_on="ip_first")
        told.append(found.select("index", told=pl.when(pl.col("ip") <= pl.col("ip_last")).then("country")))
    return pl.concat(told)


def _number(address: pl.Expr) -> pl.Expr:
    """An IPv4 address as a number; null for any other text."""
    parts = address.str.extract_groups(r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$")
    bytes_ = [parts.struct.field(str(at)).cast(pl.Int64) for at in range(1, 5)]
    number = pl.sum_horizontal(byte * 256**power for byte, power in zip(bytes_, (3, 2, 1, 0), strict=True))
    return pl.when(pl.all_horizontal(byte <= 255 for byte in bytes_)).then(number)
