"""Which entries of a list of addresses an address falls under: networks, and addresses written in another way.

What belongs here: the arithmetic of IPv4 and IPv6 prefixes (RFC 4632, RFC 4291), over texts.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import polars as pl


def holders(addresses: Iterable[str], entries: Iterable[str]) -> pl.DataFrame:
    """Columns entry (one of the addresses) and holder: each of the entries, other than its own text, that has it.

    Entries are as silver.watchlists holds them: an address or a network in canonical form. An address that is none,
    or is under no entry, has no row. One look-up for each length of prefix that occurs, so many entries cost no more.
    """
    networks: dict[tuple[int, int, int], str] = {}
    for text in entries:
        if "/" in text or ":" in text:  # a single IPv4 address has one way to be written
            network = ip_network(text)
            networks[_prefix(network.network_address, network.prefixlen)] = text
    lengths = sorted({(version, length) for version, length, _ in networks})
    found = [
        (text, networks[prefix])
        for text in addresses
        if networks and (address := _address(text)) is not None
        for version, length in lengths
        if version == address.version and (prefix := _prefix(address, length)) in networks
        if networks[prefix] != text
    ]
    return pl.DataFrame(found, schema={"entry": pl.String, "holder": pl.String}, orient="row")


def _prefix(address: IPv4Address | IPv6Address, length: int) -> tuple[int, int, int]:
    """The first bits of an address, with the version and how many they are."""
    return address.version, length, int(address) >> (address.max_prefixlen - length)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
