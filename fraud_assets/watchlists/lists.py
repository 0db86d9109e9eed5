"""The lists there are: what a line of each one's file names, and where the file is.

What belongs here: one declaration a list, and how the text of an entry becomes columns of silver.watchlists.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_interface, ip_network
from typing import Any

from fraud_assets.errors import FraudError
from fraud_assets.settings import Settings

Columns = dict[str, Any]
"""An entry's columns of silver.watchlists, by name."""


@dataclass(frozen=True)
class List:
    """One list. ``name`` is its setting's, too; ``columns`` are those that its file must have.

    ``read`` makes entry, ip_first, ip_last and country of a line; it raises ValueError with the problem in words.
    ``feature`` is 1 for the payments that the list names; empty for a list that only adds a column.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[Mapping[str, str]], Columns]
    feature: str = ""

    def place(self, here: Settings) -> str:
        """The file or URL it is loaded from; empty where there is none."""
        return str(getattr(here, self.name))


def _text(column: str) -> Callable[[Mapping[str, str]], Columns]:
    def read(line: Mapping[str, str]) -> Columns:
        if not line[column]:
            raise ValueError(f"{column} is missing")
        return {"entry": line[column]}

    return read


def _address(line: Mapping[str, str]) -> Columns:
    """An address or a network; a network of one address is that address."""
    text = line["ip"]
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"ip is no address or network but '{text}'") from None
    single = network.prefixlen == network.max_prefixlen
    if not single and ip_interface(text).ip != network.network_address:
        raise ValueError(f"ip {text} has bits beyond its prefix; the network is {network}")
    return {"entry": str(network.network_address if single else network)}


def _range(line: Mapping[str, str]) -> Columns:
    first, last = (_ipv4(name, line[name]) for name in ("start", "end"))
    country = line["country"].upper()
    if first > last:
        raise ValueError(f"end {last} is before start {first}")
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise ValueError(f"country is not a two-letter code but '{line['country']}'")
    return {"entry": f"{first}-{last}", "ip_first": int(first), "ip_last": int(last), "country": country}


def _ipv4(name: str, text: str) -> IPv4Address:
    """An address as four numbers with dots or, as some files have it, as one number."""
    try:
        return IPv4Address(int(text) if text.isdecimal() else text)
    except ValueError:
        raise ValueError(f"{name} is not an IPv4 address but '{text}'") from None


BLOCKED_IPS = List("blocked_ips", ("ip",), _address, "ip_is_blocked")
SUSPICIOUS_CARDS = List("suspicious_cards", ("customer_id",), _text("customer_id"), "customer_is_suspicious")
SUSPICIOUS_MERCHANTS = List("suspicious_merchants", ("merchant_id",), _text("merchant_id"), "merchant_is_suspicious")
IP_COUNTRIES = List("ip_countries", ("start", "end", "country"), _range)

LISTS = {each.name: each for each in (BLOCKED_IPS, SUSPICIOUS_CARDS, SUSPICIOUS_MERCHANTS, IP_COUNTRIES)}


def named(name: str) -> List:
    """The list of that name.

    Raises:
        FraudError: there is none; the message lists those there are.
    """
    if name not in LISTS:
        raise FraudError(f"no list '{name}'; there are: {', '.join(LISTS)}")
    return LISTS[name]
