"""What the watchlists say of a payment, as of its event time and from what was known by then.

What belongs here: from revisions of silver.watchlists to a column a list. A revision counts for payments from its
valid_from and its known_at on, the later of the two, and before its valid_to and the entry's next revision. Before
anything of a list was known, it says nothing: null.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import polars as pl

from fraud_assets.declarations.tables import silver
from fraud_assets.features.inputs.networks import Networks

_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
_TIME = pl.Datetime("us", "UTC")
COLUMNS = ["list", "entry", "ip_first", "ip_last", "country", "valid_from", "valid_to", "known_at"]
_TYPES: dict[str, type[pl.DataType]] = {"string": pl.String, "bigint": pl.Int64}
NOTHING = pl.DataFrame(schema={c.name: _TYPES.get(c.type, _TIME) for c in silver.WATCHLISTS.columns}).select(COLUMNS)
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


class Watchlists:
    """Revisions of one source's watchlists, in `COLUMNS`, prepared once for all payments that are looked up."""

    def __init__(self, revisions: pl.DataFrame = NOTHING) -> None:
        """Of all lists' revisions."""
        self.revisions = revisions
        self._of: dict[str, Watchlist] = {}

    def of(self, name: str) -> "Watchlist":
        """One list."""
        if name not in self._of:
            self._of[name] = Watchlist(self.revisions.filter(pl.col("list") == name))
        return self._of[name]


def with_watchlists(payments: pl.DataFrame, needs: Iterable[str], watchlists: Watchlists) -> pl.DataFrame:
    """The payments with those of `LOOKUPS` that are needed: 1 or 0 for a list, a country's code."""
    empty = []
    for name in sorted(set(needs) & LOOKUPS.keys()):
        lookup = LOOKUPS[name]
        watchlist = watchlists.of(lookup.of)
        if watchlist.revisions.is_empty():
            empty.append(pl.lit(None, lookup.kind).alias(name))
            continue
        asked = payments.select(pl.col(lookup.column).alias("entry"), "event_time").with_row_index()
        look_up = {COUNTRY: watchlist.countries, LISTED: watchlist.addresses}.get(name, watchlist.entries)
        result = asked.select("index").join(look_up(asked), on="index", how="left", maintain_order="left")["value"]
        payments = payments.with_columns(result.alias(name))
    return payments.with_columns(empty)


class Watchlist:
    """One list. Look-ups take columns index, entry and event_time, and give index and value."""

    def __init__(self, revisions: pl.DataFrame) -> None:
        """Of its revisions."""
        self.revisions = revisions
        self._eras: dict[int, pl.DataFrame] = {}

    @cached_property
    def _periods(self) -> pl.DataFrame:
        """From when on (since) and until when each revision counts, without those that never do."""
        following = pl.col("known_at").shift(-1).over("entry", "valid_from", order_by="known_at")
        return self.revisions.with_columns(
            since=pl.max_horizontal("valid_from", "known_at"),
            until=pl.min_horizontal("valid_to", following).fill_null(pl.lit(_FOREVER, _TIME)),
        ).filter(pl.col("since") < pl.col("until"))

    @cached_property
    def _latest(self) -> pl.DataFrame:
        """Columns entry, since and until, by since: on the list from then until the latest end so far."""
        periods = self._periods.sort("since")
        return periods.select("entry", "since", until=pl.col("until").cum_max().over("entry"))

    @cached_property
    def _first_known(self) -> datetime:
        return self.revisions["known_at"].min()  # type: ignore[return-value]

    @cached_property
    def _networks(self) -> Networks:
        return Networks(self.revisions["entry"].unique())

    @cached_property
    def _changes(self) -> pl.Series:
        return pl.concat([self._periods["since"], self._periods["until"]]).unique().sort()

    def entries(self, asked: pl.DataFrame) -> pl.DataFrame:
        """Whether each entry is on the list at its event_time."""
        known = asked.drop_nulls().filter(pl.col("event_time") >= self._first_known).sort("event_time")
        result = known.join_asof(
            self._latest, left_on="event_time", right_on="since", by="entry", check_sortedness=False
        )
        return result.select("index", value=(pl.col("event_time") < pl.col("until")).fill_null(False).cast(pl.Float64))

    def addresses(self, asked: pl.DataFrame) -> pl.DataFrame:
        """Whether each address or a network of it is on the list at its event_time.

        A payment's address that is written as a network is no address, and on no list.
        """
        pairs = self._networks.holders(asked["entry"].drop_nulls().unique())
        under = asked.join(pairs, on="entry").select("index", entry="holder", event_time="event_time")
        alone = asked.with_columns(pl.col("entry").str.replace("/.*", "/"))
        return pl.concat([self.entries(alone), self.entries(under)]).group_by("index").agg(pl.col("value").max())

    def countries(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The country whose range has each address at its event_time.

        Between two changes of the list the ranges do not overlap, so that the one that begins last before an address
        is the only one that can have it.
        """
        numbers = asked.select("index", "event_time", ip=_number(pl.col("entry"))).drop_nulls()
        era = self._changes.search_sorted(numbers["event_time"], side="right")
        result = [pl.DataFrame(schema={"index": asked.schema["index"], "value": pl.String})]
        for (which,), some in numbers.with_columns(era=era).filter(pl.col("era") > 0).group_by("era"):
            ranges = self._ranges(int(str(which)))
            matched = some.sort("ip").join_asof(ranges, left_on="ip", right_on="ip_first")
            result.append(matched.select("index", value=pl.when(pl.col("ip") <= pl.col("ip_last")).then("country")))
        return pl.concat(result)

    def _ranges(self, era: int) -> pl.DataFrame:
        """The ranges between two changes, by their first address."""
        if era not in self._eras:
            begun = self._changes[era - 1]
            valid = self._periods.filter(pl.col("since") <= begun, pl.col("until") > begun)
            self._eras[era] = valid.sort("ip_first")
        return self._eras[era]


def _number(address: pl.Expr) -> pl.Expr:
    """An IPv4 address as a number; null for any other text."""
    parts = address.str.extract_groups(r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$")
    bytes_ = [parts.struct.field(str(at)).cast(pl.Int64) for at in range(1, 5)]
    number = pl.sum_horizontal(byte * 256**power for byte, power in zip(bytes_, (3, 2, 1, 0), strict=True))
    return pl.when(pl.all_horizontal(byte <= 255 for byte in bytes_)).then(number)
