import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from bench.site import ROBOTS, Connection

PICTURE = bytes(range(256)) * 400


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[str]:
    """A site with one file; the value is its address."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(PICTURE)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Connection, tmp_path), "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close_clients()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session:
        yield session


@pytest.mark.parametrize("path", ["a/1.jpg", "ok/a/1.jpg"])
async def test_a_file_comes_whole_and_the_connection_stays(site: str, client: aiohttp.ClientSession, path: str) -> None:
    for _ in range(2):
        async with client.get(f"{site}/{path}") as answer:
            assert answer.status == 200
            assert await answer.read() == PICTURE
    assert client.connector is not None
    assert sum(map(len, client.connector._conns.values())) == 1


@pytest.mark.parametrize("path", ["404/a/1.jpg", "a/2.jpg", "..%2f..%2fetc/passwd", "ok/../../etc/passwd"])
async def test_what_is_not_there_is_404(site: str, client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(f"{site}/{path}") as answer:
        assert answer.status == 404


async def test_a_page_answers_as_if_all_were_well(site: str, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{site}/html/a/1.jpg") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")


@pytest.mark.parametrize(
    ("kind", "failure"), [("truncated", aiohttp.ClientPayloadError), ("reset", aiohttp.ClientError)]
)
async def test_a_body_ends_too_early(
    site: str, client: aiohttp.ClientSession, kind: str, failure: type[Exception]
) -> None:
    async with client.get(f"{site}/{kind}/a/1.jpg") as answer:
        assert answer.status == 200
        with pytest.raises(failure):
            await answer.read()


async def test_a_slow_body_goes_on_and_on(site: str, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{site}/slow/a/1.jpg") as answer:
        assert answer.status == 200
        with pytest.raises(TimeoutError):
            await answer.read()


async def test_robots_may_come(site: str, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{site}/robots.txt") as answer:
        assert await answer.read() == ROBOTS
