"""Sessions: what they tell about us, and look-ups in threads of their own."""

import asyncio
import socket
import threading

import pytest

from builder.guard import AddressGuard
from builder.limits import FetchLimits
from builder.session import SystemResolver, open_session


def test_the_user_agent_tells_the_truth_and_whom_to_ask() -> None:
    assert FetchLimits().user_agent == "PixCrawler/0.1"
    assert FetchLimits(contact="mailto:bot@example.org").user_agent == "PixCrawler/0.1 (+mailto:bot@example.org)"


async def test_the_system_is_asked() -> None:
    resolver = SystemResolver()
    found = await resolver.resolve("localhost", 80, socket.AF_INET)
    assert {(one["host"], one["port"], one["hostname"]) for one in found} == {("127.0.0.1", 80, "localhost")}
    with pytest.raises(socket.gaierror):
        await resolver.resolve("nowhere.invalid", 80)
    with pytest.raises(UnicodeError):
        await resolver.resolve("a" * 70 + ".example", 80)
    await resolver.close()


async def test_look_ups_do_not_wait_for_asyncios_own_threads() -> None:
    loop = asyncio.get_running_loop()
    free = threading.Event()
    try:
        for _ in range(40):  # more than that executor ever has
            loop.run_in_executor(None, free.wait)
        async with asyncio.timeout(5):
            assert await SystemResolver().resolve("localhost", 80)
    finally:
        free.set()


async def test_a_session_takes_no_proxy_and_no_credentials_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with open_session(FetchLimits(), AddressGuard()) as session:
        assert not session.trust_env
        assert session.timeout.connect == FetchLimits().connect_seconds
        assert "Authorization" not in session.headers
