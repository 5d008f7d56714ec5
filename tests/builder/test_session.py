"""Sessions: limits, look-ups in threads of their own, and the guard between."""

import socket

import pytest

from builder.errors import AddressRefusedError
from builder.guard import AddressGuard
from builder.session import FetchLimits, GuardedResolver, SystemResolver, open_session
from tests.builder.servers import TableResolver


def test_the_user_agent_tells_the_truth_and_whom_to_ask() -> None:
    assert FetchLimits().user_agent == "PixCrawler/0.1"
    assert FetchLimits(contact="mailto:bot@example.org").user_agent == "PixCrawler/0.1 (+mailto:bot@example.org)"


async def test_refused_addresses_are_left_out() -> None:
    table = {"both.example": [["10.0.0.1", "1.1.1.1", "::1", "2606:4700::1"]], "none.example": [["10.0.0.1", "::1"]]}
    resolver = GuardedResolver(AddressGuard(), TableResolver({**table, "empty.example": [[]]}))
    assert [found["host"] for found in await resolver.resolve("both.example", 80)] == ["1.1.1.1", "2606:4700::1"]
    with pytest.raises(AddressRefusedError, match=r"none\.example: 10\.0\.0\.1 is private"):
        await resolver.resolve("none.example", 80)
    assert await resolver.resolve("empty.example", 80) == []


async def test_the_system_is_asked() -> None:
    resolver = SystemResolver(2)
    found = await resolver.resolve("localhost", 80, socket.AF_INET)
    assert {(one["host"], one["port"], one["hostname"]) for one in found} == {("127.0.0.1", 80, "localhost")}
    with pytest.raises(socket.gaierror):
        await resolver.resolve("nowhere.invalid", 80)
    with pytest.raises(UnicodeError):
        await resolver.resolve("a" * 70 + ".example", 80)
    await resolver.close()
    with pytest.raises(RuntimeError):
        await resolver.resolve("localhost", 80)


async def test_a_session_takes_no_proxy_and_no_credentials_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with open_session(FetchLimits(), AddressGuard()) as session:
        assert not session.trust_env
        assert session.timeout.connect == FetchLimits().connect_seconds
        assert "Authorization" not in session.headers
