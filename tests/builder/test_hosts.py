"""Turns at a host: so many at once, so far apart, none in times of quiet."""

import asyncio
import time
from itertools import pairwise

import pytest

from builder.hosts import MAX_QUIET_SECONDS, Host, HostQuietError


async def starts(host: Host, count: int, first: asyncio.Event | None = None) -> list[float]:
    """When each of `count` requests at once had its turn, in seconds from now."""
    begun = time.monotonic()
    found: list[float] = []

    async def visit() -> None:
        async with host:
            found.append(time.monotonic() - begun)
            if first is not None:
                first.set()

    await asyncio.gather(*(visit() for _ in range(count)))
    return found


async def test_so_many_at_once() -> None:
    host = Host(2, 0.0)
    now = most = 0

    async def visit() -> None:
        nonlocal now, most
        async with host:
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1

    await asyncio.gather(*(visit() for _ in range(9)))
    assert most == 2
    assert host.idle


async def test_starts_are_apart() -> None:
    found = await starts(Host(6, 0.05), 5)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert min(gaps) >= 0.0499
    assert found[0] < 0.05


async def test_spacing_only_grows() -> None:
    host = Host(1, 0.05)
    host.space(0.01)
    assert (await starts(host, 2))[1] >= 0.0499
    host.space(0.1)
    found = await starts(host, 2)
    assert found[1] - found[0] >= 0.0999


async def test_quiet_holds_for_all_and_ends() -> None:
    host = Host(3, 0.0)
    host.quiet(0.1)
    host.quiet(0.01)  # does not shorten it
    assert not host.idle
    found = await starts(host, 3)
    assert 0.0999 <= min(found) <= max(found) < 1
    assert host.idle


async def test_quiet_that_comes_while_waiting_is_kept() -> None:
    host = Host(3, 0.05)
    first = asyncio.Event()
    visits = asyncio.create_task(starts(host, 3, first))
    await first.wait()
    host.quiet(0.2)
    found = await visits
    assert found[0] < 0.05
    assert min(found[1:]) >= 0.19


@pytest.mark.parametrize("busy", [True, False])
async def test_who_gives_up_takes_no_turn(*, busy: bool) -> None:
    host = Host(1, 0.0)
    if not busy:
        host.quiet(30)
    release = asyncio.Event()

    async def visit() -> None:
        async with host:
            await release.wait()

    visits = [asyncio.create_task(visit()) for _ in range(3)]
    await asyncio.sleep(0)
    for task in visits[1:] if busy else visits:
        task.cancel()
    release.set()
    await asyncio.gather(*visits, return_exceptions=True)
    if busy:
        assert host.idle
        assert len(await starts(host, 2)) == 2
    else:
        assert not host.idle  # it is still to be left in peace
        assert not host._slots.locked()


async def test_nobody_waits_longer_than_they_have_patience() -> None:
    host = Host(1, 0.0, patience_seconds=5.0)
    host.quiet(10**9)
    for _ in range(3):
        with pytest.raises(HostQuietError, match="wants no requests") as caught:
            async with host:
                pass
        assert caught.value.seconds == pytest.approx(MAX_QUIET_SECONDS, abs=1)
    assert not host._slots.locked()
    assert host.unused


async def test_a_host_that_refuses_again_at_once_is_left_alone_for_longer() -> None:
    host = Host(2, 0.0, patience_seconds=0.35)
    lasted = []
    for _ in range(3):
        host.quiet(0.1)
        host.quiet(0.1)  # the other one that was under way
        begun = time.monotonic()
        try:
            async with host:
                lasted.append(time.monotonic() - begun)
        except HostQuietError as error:
            lasted.append(error.seconds)
    assert lasted == pytest.approx([0.1, 0.2, 0.4], abs=0.05)

    host = Host(2, 0.0)
    for _ in range(3):
        host.quiet(0.05)
        begun = time.monotonic()
        async with host:
            assert time.monotonic() - begun < 0.09
        host.answered()
