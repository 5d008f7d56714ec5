"""libcurl on asyncio's loop: many at once, given up at any time."""

import asyncio
from collections.abc import AsyncIterator

import pycurl
import pytest

from builder.multi import Multi
from tests.builder.servers import raw_site, says

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"


@pytest.fixture
async def multi() -> AsyncIterator[Multi]:
    made = Multi(8)
    yield made
    made.close()


def handle(port: int, **options: int) -> tuple[pycurl.Curl, list[bytes]]:
    curl, pieces = pycurl.Curl(), list[bytes]()
    curl.setopt(pycurl.URL, f"http://127.0.0.1:{port}/")
    curl.setopt(pycurl.WRITEFUNCTION, pieces.append)
    for name, value in options.items():
        curl.setopt(getattr(pycurl, name), value)
    return curl, pieces


async def silence(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def test_many_at_once_and_one_after_the_other(multi: Multi) -> None:
    async with raw_site(says(GOOD)) as port, asyncio.timeout(5):
        handles = [handle(port) for _ in range(20)]
        for times in (1, 2):
            await asyncio.gather(*(multi.start(curl) for curl, _ in handles))
            assert [b"".join(pieces) for _, pieces in handles] == [b"abc" * times] * 20


async def test_failures_have_libcurls_code(multi: Multi) -> None:
    async with raw_site(says(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc")) as port, asyncio.timeout(5):
        curl, _ = handle(port)
        with pytest.raises(pycurl.error) as caught:
            await multi.start(curl)
    assert caught.value.args[0] == pycurl.E_PARTIAL_FILE


async def test_libcurls_own_timers_run(multi: Multi) -> None:
    async with raw_site(silence) as port, asyncio.timeout(5):
        handles = [handle(port, TIMEOUT_MS=milliseconds)[0] for milliseconds in (200, 100, 50)]
        failures = await asyncio.gather(*map(multi.start, handles), return_exceptions=True)
    assert [failure.args[0] for failure in failures if isinstance(failure, pycurl.error)] == [
        pycurl.E_OPERATION_TIMEDOUT
    ] * 3


async def test_what_is_given_up_ends_and_the_handle_can_be_used_again(multi: Multi) -> None:
    async with raw_site(silence) as silent, raw_site(says(GOOD)) as good, asyncio.timeout(5):
        curl, pieces = handle(silent)
        for _ in range(3):
            future = multi.start(curl)
            await asyncio.sleep(0)
            future.cancel()
            multi.end(curl)
            multi.end(curl)  # once more does nothing
        curl.setopt(pycurl.URL, f"http://127.0.0.1:{good}/")
        await multi.start(curl)
        multi.end(curl)
        assert pieces == [b"abc"]


async def test_closing_cancels_what_is_under_way() -> None:
    multi = Multi(8)
    async with raw_site(silence) as port:
        future = multi.start(handle(port)[0])
        await asyncio.sleep(0)
        multi.close()
        assert future.cancelled()
