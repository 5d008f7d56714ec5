"""Sessions: what they tell about us, and connections that are kept, given up, or never made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from builder.download import DownloadError, ask
from builder.errors import AddressRefusedError
from builder.guard import AddressGuard
from builder.limits import FetchLimits
from builder.session import Session
from tests.builder.servers import TableResolver, allowing

BODY = b"x" * 1_000
SHORT = b"HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\n" + BODY
LONG = b"HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n" + BODY * 100
NEVER_COMES = b"HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\nx"
ENDLESS = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"3e8\r\n" + BODY + b"\r\n") * 100
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + BODY


class Keeping:
    """A server that keeps connections, counts them, and answers whatever is asked with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []
        self.arrived = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                self.arrived.set()
                writer.write(self.answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()


@asynccontextmanager
async def keeping(answer: bytes) -> AsyncIterator[tuple[Keeping, int]]:
    site = Keeping(answer)
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    yield site, server.sockets[0].getsockname()[1]
    server.close()
    server.close_clients()


async def asked(answer: bytes, *, times: int = 3) -> tuple[Keeping, float]:
    """The server after so many requests of one session, and the seconds that they took."""
    async with keeping(answer) as (site, port), Session(FetchLimits(), allowing(port)) as session:
        started = asyncio.get_running_loop().time()
        for _ in range(times):
            try:
                await ask(session, URL(f"http://127.0.0.1:{port}/"), 100_000, 5)
            except DownloadError as error:
                assert error.reason == "http_4xx"  # noqa: PT017 - one that is good does not raise
        return site, asyncio.get_running_loop().time() - started


def test_the_user_agent_tells_the_truth_and_whom_to_ask() -> None:
    assert FetchLimits().user_agent == "PixCrawler/0.1"
    assert FetchLimits(contact="mailto:bot@example.org").user_agent == "PixCrawler/0.1 (+mailto:bot@example.org)"


async def test_no_proxy_and_no_credentials_are_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://user:secret@127.0.0.1:9")
    site, _ = await asked(GOOD)
    assert len(site.requests) == 3
    assert b"authorization" not in site.requests[0].lower()


@pytest.mark.parametrize(("answer", "connections"), [(GOOD, 1), (SHORT, 1), (LONG, 3), (ENDLESS, 3), (NEVER_COMES, 3)])
async def test_a_connection_is_kept_when_that_is_cheaper_than_another(answer: bytes, connections: int) -> None:
    site, seconds = await asked(answer)
    assert (site.connections, len(site.requests)) == (connections, 3)
    assert seconds < 4  # nobody waits for the rest of a page that says no


async def test_a_name_with_refused_addresses_is_connected_to_at_the_others() -> None:
    async with keeping(GOOD) as (site, port):
        resolver = TableResolver({"a.example": [["10.0.0.1", "fe80::1%lo", "127.0.0.1"]], "b.example": [["10.0.0.1"]]})
        async with Session(FetchLimits(), allowing(port), resolver=resolver) as session:
            answer = await ask(session, URL(f"http://a.example:{port}/"), 1_000, 5)
            assert answer.body == BODY
            assert f"Host: a.example:{port}".encode() in site.requests[0]
            with pytest.raises(DownloadError, match="nothing is fetched from there"):
                await ask(session, URL(f"http://b.example:{port}/"), 1_000, 5)


async def test_the_socket_is_guarded_whatever_was_looked_up() -> None:
    """A host that is an address is not looked up: nothing but the socket's own check is between."""
    async with keeping(GOOD) as (site, port), Session(FetchLimits(), AddressGuard()) as session:
        with pytest.raises(AddressRefusedError, match="loopback"):
            await session.get(URL(f"http://127.0.0.1:{port}/"), lambda _: 1, 5)
        assert site.connections == 0


async def test_giving_up_closes_the_connection_and_leaves_the_session_usable() -> None:
    async with keeping(b"") as (silent, port), keeping(GOOD) as (_, other):
        async with Session(FetchLimits(), allowing(port, other)) as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await ask(session, URL(f"http://127.0.0.1:{port}/"), 1_000, 5)
            for _ in range(3):
                assert (await ask(session, URL(f"http://127.0.0.1:{other}/"), 1_000, 5)).body == BODY
        assert silent.connections == 1


async def test_leaving_ends_what_is_under_way() -> None:
    async with keeping(b"") as (site, port):
        async with Session(FetchLimits(), allowing(port)) as session:
            task = asyncio.create_task(ask(session, URL(f"http://127.0.0.1:{port}/"), 1_000, 5))
            async with asyncio.timeout(5):
                await site.arrived.wait()
        await asyncio.wait([task], timeout=1)
        assert task.cancelled()
