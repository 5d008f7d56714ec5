"""The address guard: which addresses on the network may be fetched from, whatever name, spelling or redirect led there.

Only globally routable unicast is let through (IANA special-purpose registries, RFC 6890). Exceptions are exact pairs of
address and port, so that a test server can be reached without opening the whole loopback interface.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network

from builder.errors import AddressRefusedError, SettingError

Address = IPv4Address | IPv6Address

_GLOBAL_V6 = ip_network("2000::/3")  # all that IANA has given out as global unicast
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_NEVER = (
    (ip_network("169.254.169.254/32"), "a cloud metadata service"),
    (ip_network("100.100.100.200/32"), "a cloud metadata service"),
    (ip_network("168.63.129.16/32"), "the Azure platform's own service"),  # public by number, local to every Azure VM
    (ip_network("fd00:ec2::254/128"), "a cloud metadata service"),
    (ip_network("192.88.99.0/24"), "a 6to4 relay"),  # RFC 7526
    (ip_network("2002::/16"), "a 6to4 tunnel"),  # holds an IPv4 address
    (ip_network("2001::/32"), "a Teredo tunnel"),  # holds an IPv4 address
    (ip_network("2001::/23"), "set aside for protocols"),
    (ip_network("3fff::/20"), "set aside for documentation"),  # RFC 9637
)
NOTHING_FETCHED = "nothing is fetched from there"
"""How every refusal ends: what joins the failures of a name's several addresses keeps the words, not the type."""

_NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0[xX][0-9A-Fa-f]*)")


@lru_cache(4_096)
def refusal(address: Address) -> str | None:
    """Why nothing may be fetched from `address`, or None if it is a global unicast one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return refusal(address.ipv4_mapped)
        if address in _NAT64:
            return refusal(IPv4Address(int(address) & 0xFFFFFFFF))
    for network, what in _NEVER:
        if address in network:
            return what
    if address.is_unspecified:
        return "no address at all"
    for is_it, what in (
        (address.is_loopback, "this machine (loopback)"),
        (address.is_link_local, "link-local"),
        (address.is_multicast, "multicast"),
        (address.is_private, "private or set aside"),
        (address.is_reserved, "reserved"),
        (not address.is_global, "shared or not routable"),
        (isinstance(address, IPv6Address) and address not in _GLOBAL_V6, "not global unicast"),
    ):
        if is_it:
            return what
    return None


_parsed = lru_cache(4_096)(ip_address)


def parse_exceptions(setting: str) -> frozenset[tuple[Address, int]]:
    """Read `127.0.0.1:10100,[::1]:8080`: exact addresses and ports, none when empty; `SettingError` names a bad one."""
    pairs: set[tuple[Address, int]] = set()
    for part in filter(None, (piece.strip() for piece in setting.split(","))):
        host, _, port = part.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        try:
            address = IPv6Address(host[1:-1]) if bracketed else IPv4Address(host)
        except AddressValueError:
            address = None
        if address is None or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):  # noqa: PLR2004
            msg = f"{part!r} is not an exception to the address guard: write 127.0.0.1:10100 or [::1]:10100"
            raise SettingError(msg)
        pairs.add((address, int(port)))
    return frozenset(pairs)


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Decides on addresses. It is asked for the host in every URL, and for the address of every socket."""

    exceptions: frozenset[tuple[Address, int]] = field(default_factory=frozenset)

    def check(self, host: str, port: int) -> None:
        """Raise `AddressRefusedError` if the IP address `host` (in text) must not be connected to on `port`."""
        try:
            address = _parsed(host)
        except ValueError:
            msg = f"{host} is no IP address"
            raise AddressRefusedError(msg) from None
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        if not self.exceptions.isdisjoint({(address, port), (mapped or address, port)}):
            return
        if (what := refusal(address)) is not None:
            msg = f"{host} is {what}: {NOTHING_FETCHED}"
            raise AddressRefusedError(msg)

    def check_host(self, host: str, port: int) -> None:
        """Check the host of a URL before any look-up: literal addresses, and names that are numbers in disguise.

        `2130706433`, `0x7f.1`, `017700000001` and `127.1` are all 127.0.0.1 to `inet_aton`, so every host that ends in
        a number and is no plain dotted quad is refused (WHATWG URL, "ends in a number").
        """
        try:
            literal = ip_address(host)
        except ValueError:
            if _NUMERIC_LABEL.fullmatch(host.rstrip(".").rpartition(".")[2]):
                msg = f"{host} is a number in disguise: {NOTHING_FETCHED}"
                raise AddressRefusedError(msg) from None
            return
        self.check(str(literal), port)
