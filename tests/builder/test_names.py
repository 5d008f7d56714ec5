"""Look-ups: shared, kept for a while, in threads of their own."""

import asyncio
import socket
import threading

import pytest

from builder.names import Names, ask_system


async def test_the_system_is_asked() -> None:
    assert set(await ask_system("localhost")) <= {"127.0.0.1", "::1"}
    with pytest.raises(socket.gaierror):
        await ask_system("nowhere.invalid")
    with pytest.raises(UnicodeError):
        await ask_system("a" * 70 + ".example")


async def test_look_ups_do_not_wait_for_asyncios_own_threads() -> None:
    loop = asyncio.get_running_loop()
    free = threading.Event()
    try:
        for _ in range(40):  # more than that executor ever has
            loop.run_in_executor(None, free.wait)
        async with asyncio.timeout(5):
            assert await ask_system("localhost")
    finally:
        free.set()


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        await self.go.wait()
        if host == "none.example":
            return []
        return ["192.0.2.1", "192.0.2.2", "192.0.2.1"]


async def test_who_asks_at_once_asks_once_and_who_leaves_stops_nobody() -> None:
    slow = Slow()
    names = Names(slow)
    leaver, *stayers = (asyncio.create_task(names.addresses("a.example")) for _ in range(4))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.wait([leaver])
    slow.go.set()
    assert await asyncio.gather(*stayers) == [["192.0.2.1", "192.0.2.2"]] * 3
    assert await names.addresses("a.example") == names.known("a.example") == ["192.0.2.1", "192.0.2.2"]
    assert slow.asked == ["a.example"]


async def test_answers_grow_old_and_failures_are_not_kept() -> None:
    slow = Slow()
    slow.go.set()
    names = Names(slow, seconds=0)
    for _ in range(2):
        await names.addresses("a.example")
        with pytest.raises(socket.gaierror):
            await names.addresses("none.example")
    assert slow.asked == ["a.example", "none.example"] * 2
    assert names.known("a.example") is None


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
async def test_an_address_is_not_looked_up(host: str) -> None:
    slow = Slow()
    assert await Names(slow).addresses(host) == []
    assert not slow.asked


async def test_closing_ends_look_ups() -> None:
    names = Names(Slow())
    waiting = asyncio.create_task(names.addresses("a.example"))
    await asyncio.sleep(0)
    await names.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
