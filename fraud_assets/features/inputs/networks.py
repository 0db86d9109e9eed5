"""Which entries of a list of addresses an address falls under: networks, and addresses written in another way.

What belongs here: the arithmetic of IPv4 and IPv6 prefixes (RFC 4632, RFC 4291), over texts.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import polars as pl


class Networks:
    """The networks among the entries of a list, and addresses that can be written in several ways.

    Entries are as silver.watchlists holds them: an address or a network in canonical form. One look-up for each length
    of prefix that occurs, so many entries cost no more.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        """Of a list's entries."""
        self._networks: dict[tuple[int, int, int], str] = {}
        for text in entries:
            if "/" in text or ":" in text:  # a single IPv4 address has one way to be written
                network = ip_network(text)
                self._networks[_prefix(network.network_address, network.prefixlen)] = text
        self._lengths = sorted({(version, length) for version, length, _ in self._networks})

    def holders(self, addresses: Iterable[str]) -> pl.DataFrame:
        """Columns entry (one of the addresses) and holder: each of the entries, other than its own text, that has it.

        An address that is none, or is under no entry, has no row.
        """
        result = [
            (text, self._networks[prefix])
            for text in addresses
            if self._networks and (address := _address(text)) is not None
            for version, length in self._lengths
            if version == address.version and (prefix := _prefix(address, length)) in self._networks
            if self._networks[prefix] != text
        ]
        return pl.DataFrame(result, schema={"entry": pl.String, "holder": pl.String}, orient="row")


def _prefix(address: IPv4Address | IPv6Address, length: int) -> tuple[int, int, int]:
    """The first bits of an address, with the version and how many they are."""
    return address.version, length, int(address) >> (address.max_prefixlen - length)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
