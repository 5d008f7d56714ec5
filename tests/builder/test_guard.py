"""The address guard: tables of the addresses that matter, and rules that hold for all."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import AddressRefusedError, SettingError
from builder.guard import AddressGuard, parse_exceptions, refusal

REFUSED = [
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:5ef5:79fd:0:0:0:1",
    "2001:db8::1",
    "2001:10::1",
    "2001:20::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "168.63.129.17",
    "172.15.255.255",
    "172.32.0.1",
    "223.255.255.254",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", REFUSED)
def test_refuses_what_is_not_global_unicast(address: str) -> None:
    assert refusal(ip_address(address)) is not None
    with pytest.raises(AddressRefusedError, match="nothing is fetched from there"):
        AddressGuard().check(address, 80)


@pytest.mark.parametrize("address", ALLOWED)
def test_allows_global_unicast(address: str) -> None:
    assert refusal(ip_address(address)) is None
    AddressGuard().check(address, 80)
    AddressGuard().check_host(address, 80)


@given(st.ip_addresses(v=4))
def test_every_wrapping_of_an_ipv4_address_is_judged_like_the_address(address: IPv4Address) -> None:
    verdict = refusal(address)
    assert refusal(IPv6Address(f"::ffff:{address}")) == verdict
    assert refusal(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))) == verdict
    assert refusal(IPv6Address((0x2002 << 112) + (int(address) << 80) + 1)) is not None


@given(st.ip_addresses())
def test_nothing_special_passes(address: IPv4Address | IPv6Address) -> None:
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if (special and mapped is None) or address.is_unspecified:
        assert refusal(address) is not None


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "127.0.0.01",
        "1.2.3.4.5",
        "localhost.0x7f",
        "134744072",  # 8.8.8.8 would be allowed, but nobody links to it in this way
    ],
)
def test_numbers_in_disguise_are_refused(host: str) -> None:
    with pytest.raises(AddressRefusedError, match="in disguise"):
        AddressGuard().check_host(host, 80)


@pytest.mark.parametrize(
    "host", ["example.org", "1and1.com", "x1", "0xg.example", "127.0.0.1.example", "xn--bcher-kva"]
)
def test_names_are_left_to_the_look_up(host: str) -> None:
    AddressGuard().check_host(host, 80)


def test_literal_hosts_are_checked_before_any_look_up() -> None:
    with pytest.raises(AddressRefusedError, match="loopback"):
        AddressGuard().check_host("::1", 80)


def test_an_exception_is_an_exact_pair() -> None:
    guard = AddressGuard(parse_exceptions("127.0.0.1:10100, [::1]:8080"))
    guard.check("127.0.0.1", 10100)
    guard.check("::1", 8080)
    guard.check("::ffff:127.0.0.1", 10100)
    for host, port in (("127.0.0.1", 10101), ("127.0.0.2", 10100), ("::1", 10100), ("0.0.0.0", 10100)):  # noqa: S104
        with pytest.raises(AddressRefusedError):
            guard.check(host, port)


def test_no_exceptions() -> None:
    assert parse_exceptions("") == parse_exceptions(" , ") == frozenset()


@pytest.mark.parametrize(
    "setting",
    [
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "localhost:80",
        "::1:80",
        "[127.0.0.1]:80",
        "*:80",
        "127.0.0.0/8:80",
        "127.0.0.1:8o",
        "127.0.0.1:٣",
        "127.0.0.1:1,nonsense",
    ],
)
def test_bad_exceptions_name_themselves(setting: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_exceptions(setting)
    assert repr(setting.rpartition(",")[2]) in str(caught.value)


@given(st.sets(st.tuples(st.ip_addresses(), st.integers(1, 65535)), max_size=5))
def test_exceptions_survive_being_written(pairs: set[tuple[IPv4Address | IPv6Address, int]]) -> None:
    text = ",".join(f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}" for address, port in pairs)
    assert parse_exceptions(text) == pairs


def test_text_that_is_no_address_is_refused() -> None:
    with pytest.raises(AddressRefusedError, match="no IP address"):
        AddressGuard().check("example.org", 80)
