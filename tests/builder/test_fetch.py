"""Fetching, against real servers on loopback, kind and hostile."""

import asyncio
import gzip
import socket
import ssl
import struct
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from yarl import URL

from builder.fetch import fetch_many
from builder.fetcher import Fetcher, FetchLimits
from builder.guard import AddressGuard
from builder.manners import Manners
from builder.names import Names
from builder.rows import Candidate, Fetched
from tests.builder.servers import TableResolver, allowing, raw_site, says, web_site

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
LIMITS = FetchLimits(
    connect_seconds=3, read_seconds=5, total_seconds=10, max_bytes=100_000, retries=2, backoff_seconds=0.005
)
BLUNT = Manners(robots=False, opt_outs=False)
"""These tests look at single requests; those about manners are elsewhere."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"


def candidate(url: str) -> Candidate:
    return Candidate(url=url, label="thing", engine="urls", query="thing")


async def fetch(
    url: str,
    guard: AddressGuard,
    limits: FetchLimits = LIMITS,
    fetcher: Fetcher | None = None,
) -> tuple[Fetched, bytes]:
    if fetcher is None:
        async with Fetcher(limits, guard, BLUNT) as own:
            row, body = await own.fetch(candidate(url))
    else:
        row, body = await fetcher.fetch(candidate(url))
    assert row.candidate.url == url
    assert bool(body) == (row.reason is None)
    assert row.size_bytes == len(body)
    return row, body


async def test_a_picture_arrives_with_what_was_told_about_it() -> None:
    seen: list[web.Request] = []

    async def picture(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=PICTURE, content_type="image/png", headers={"Set-Cookie": "id=1"})

    async with web_site(web.get("/a.png", picture)) as port:
        url = f"http://127.0.0.1:{port}/a.png?x=%2C#top"
        limits = FetchLimits(contact="https://example.org/bot")
        row, body = await fetch(url, allowing(port), limits)
    assert body == PICTURE
    assert (row.reason, row.detail, row.http_status, row.content_type) == (None, None, 200, "image/png")
    assert row.final_url == f"http://127.0.0.1:{port}/a.png?x=%2C"
    assert 0 < row.seconds < 3
    (request,) = seen
    assert request.headers["User-Agent"] == "PixCrawler/0.1 (+https://example.org/bot)"
    assert request.headers["Accept"].startswith("image/")
    assert request.raw_path == "/a.png?x=%2C"


async def test_no_cookies_are_kept_and_no_credentials_sent() -> None:
    headers: list[tuple[str, ...]] = []

    async def picture(request: web.Request) -> web.Response:
        headers.append(tuple(request.headers))
        return web.Response(body=PICTURE, headers={"Set-Cookie": "id=1; Path=/"})

    async with web_site(web.get("/", picture)) as port, Fetcher(LIMITS, allowing(port), BLUNT) as fetcher:
        for _ in range(2):
            await fetch(f"http://127.0.0.1:{port}/", allowing(port), fetcher=fetcher)
    assert len(headers) == 2
    assert not {"Cookie", "Authorization", "Referer"} & {name for names in headers for name in names}


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "http_4xx"), (403, "http_4xx"), (410, "http_4xx"), (999, "http_4xx")]
)
async def test_a_refusal_is_final(status: int, reason: str) -> None:
    asked = 0

    async def refuse(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=status, reason="No", body=PICTURE)

    async with web_site(web.get("/", refuse)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status, row.detail) == (reason, status, f"HTTP {status} No")
    assert asked == 1


async def test_what_is_transient_is_tried_again() -> None:
    answers = [500, 503, 200]

    async def recover(_: web.Request) -> web.Response:
        return web.Response(status=answers.pop(0), body=PICTURE)

    async with web_site(web.get("/", recover)) as port:
        row, body = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status, body, answers) == (None, 200, PICTURE, [])


async def test_tries_end() -> None:
    asked = 0

    async def fail(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=502)

    async with web_site(web.get("/", fail)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status, asked) == ("http_5xx", 502, 3)


async def test_retry_after_is_waited_for() -> None:
    moments: list[float] = []

    async def busy(_: web.Request) -> web.Response:
        moments.append(time.monotonic())
        if len(moments) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(body=PICTURE)

    async with web_site(web.get("/", busy)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason is None
    assert moments[1] - moments[0] >= 1


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    async def busy(_: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "3600"})

    async with web_site(web.get("/", busy)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status) == ("http_4xx", 429)
    assert row.seconds < 1


async def test_an_empty_body() -> None:
    async def nothing(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]))

    async with web_site(web.get("/{status}", nothing)) as port:
        for status in (200, 204):
            row, _ = await fetch(f"http://127.0.0.1:{port}/{status}", allowing(port))
            assert (row.reason, row.http_status) == ("empty", status)


async def test_a_part_is_not_the_whole() -> None:
    async with raw_site(says(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nabc")) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status) == ("incomplete", 206)


# Redirects


async def test_redirects_are_followed_to_relative_and_absolute_addresses() -> None:
    async def hop(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query["to"]}, body=b"moved")

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=PICTURE)

    async with web_site(web.get("/a/hop", hop), web.get("/a/b c", picture)) as port:
        site = f"http://127.0.0.1:{port}"
        for to in ("b c", "/a/b%20c", f"{site}/a/b c#part", f"//127.0.0.1:{port}/a/b%20c"):
            url = URL(f"{site}/a/hop").with_query(to=to)
            row, body = await fetch(str(url), allowing(port))
            assert (body, row.final_url) == (PICTURE, f"{site}/a/b%20c"), to


async def test_a_redirect_in_another_encoding_is_followed_byte_by_byte() -> None:
    answers = [b"HTTP/1.1 302 Found\r\nLocation: /caf\xe9.png\r\nContent-Length: 0\r\n\r\n", HEAD + b"\r\n" + PICTURE]

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.pop(0))

    async with raw_site(answer) as port:
        row, body = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (body, row.final_url) == (PICTURE, f"http://127.0.0.1:{port}/caf%E9.png")


@pytest.mark.parametrize(
    ("location", "reason", "detail"),
    [
        ("ftp://example.org/a.png", "bad_url", "only http and https"),
        ("file:///etc/passwd", "bad_url", "only http and https"),
        ("data:image/png;base64,AAAA", "bad_url", "only http and https"),
        ("http://user:pass@example.org/", "bad_url", "credentials"),
        ("http://:80/", "bad_url", "no host"),
        ("http://[::1/", "bad_url", "Invalid IPv6"),
        ("", "bad_url", "without an address"),
        ("http://169.254.169.254/latest/meta-data/", "address_refused", "metadata"),
        ("http://10.0.0.1/", "address_refused", "private"),
        ("http://[::ffff:127.0.0.1]/", "address_refused", "loopback"),
        ("http://2130706433/", "address_refused", "disguise"),
        ("http://127.0.0.1:1/", "address_refused", "loopback"),
        ("http://inside.example/", "address_refused", "private"),
    ],
)
async def test_redirects_that_are_not_followed(location: str, reason: str, detail: str) -> None:
    async def hop(_: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": location})

    async with web_site(web.get("/", hop)) as port:
        guard = allowing(port)
        resolver = TableResolver({"inside.example": [["192.168.7.7"]]})
        async with Fetcher(LIMITS, guard, BLUNT, resolver=resolver) as fetcher:
            row, _ = await fetch(f"http://127.0.0.1:{port}/", guard, fetcher=fetcher)
    assert row.reason == reason
    assert detail in (row.detail or "")


async def test_a_loop_and_a_long_way_of_redirects_end() -> None:
    asked: list[str] = []

    async def hop(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": request.path + "x"})

    async with web_site(web.get("/{tail:.*}", hop)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "too_many_redirects"
    assert asked == ["/", "/x", "/xx", "/xxx", "/xxxx", "/xxxxx"]


# Size


async def test_a_body_that_is_announced_too_large_is_not_read() -> None:
    async with raw_site(says(HEAD + b"Content-Length: 100001\r\n\r\n")) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.detail) == ("too_large", "100,001 bytes announced, 100,000 allowed")


async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"2000\r\n" + bytes(0x2000) + b"\r\n")
        await writer.drain()


async def test_an_endless_body_is_cut_at_the_cap() -> None:
    async with raw_site(endless) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status, row.content_type) == ("too_large", 200, "image/png")


async def test_the_cap_itself_is_allowed() -> None:
    async def exactly(request: web.Request) -> web.Response:
        return web.Response(body=bytes(int(request.query["n"])))

    async with web_site(web.get("/", exactly)) as port:
        row, body = await fetch(f"http://127.0.0.1:{port}/?n=100000", allowing(port))
        assert (row.reason, len(body)) == (None, 100_000)
        row, _ = await fetch(f"http://127.0.0.1:{port}/?n=100001", allowing(port))
        assert row.reason == "too_large"


@pytest.mark.parametrize(("encoding", "compress"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)])
async def test_a_bomb_is_counted_decoded(encoding: bytes, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(bytes(50_000_000))
    assert len(bomb) < LIMITS.max_bytes
    head = HEAD + b"Content-Encoding: %b\r\nContent-Length: %d\r\n\r\n" % (encoding, len(bomb))
    async with raw_site(says(head, bomb)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "too_large"


async def test_endless_headers_are_cut() -> None:
    async def head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Padding: " + b"x" * 1_000 + b"\r\n")
            await writer.drain()

    async with raw_site(head) as port, asyncio.timeout(5):
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "connection"


async def test_an_encoded_body_is_decoded_and_a_broken_one_is_incomplete() -> None:
    packed = gzip.compress(PICTURE)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with raw_site(says(head, packed)) as port:
        assert (await fetch(f"http://127.0.0.1:{port}/", allowing(port)))[1] == PICTURE
    async with raw_site(says(head, b"x" * len(packed))) as port:
        assert (await fetch(f"http://127.0.0.1:{port}/", allowing(port)))[0].reason == "incomplete"


# Time


async def test_a_drip_ends_at_the_deadline() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _byte in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    limits = FetchLimits(total_seconds=0.5, read_seconds=2)
    async with raw_site(drip) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port), limits)
    assert (row.reason, row.detail) == ("timeout", "not complete after 0.5 s")
    assert 0.5 <= row.seconds < 1.5


async def test_headers_that_drip_end_at_the_deadline() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    limits = FetchLimits(total_seconds=0.3, read_seconds=2)
    async with raw_site(drip) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port), limits)
    assert row.reason == "timeout"
    assert 0.3 <= row.seconds < 1.5


async def silence(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def test_silence_ends_at_the_read_limit_and_is_tried_again() -> None:
    limits = FetchLimits(read_seconds=0.1, total_seconds=10, retries=1, backoff_seconds=0.005)
    async with raw_site(silence) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port), limits)
    assert row.reason == "timeout"
    assert 0.2 <= row.seconds < 2


async def test_a_connection_that_is_never_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # fill the queue of connections that nobody accepts
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        limits = FetchLimits(connect_seconds=0.2, total_seconds=5, retries=0)
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port), limits)
        for filler in fillers:
            filler.close()
    assert row.reason == "timeout"
    assert row.seconds < 2


# Connections


async def test_a_refused_connection() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but not listening
        port = held.getsockname()[1]
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "connection"


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_a_reset_before_the_answer() -> None:
    async with raw_site(reset) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "connection"


async def test_a_connection_closed_without_an_answer() -> None:
    async with raw_site(says()) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "connection"


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 999,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 500,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n",
    ],
)
async def test_fewer_bytes_than_announced(answer: bytes) -> None:
    async with raw_site(says(answer)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status) == ("incomplete", 200)


async def test_a_body_that_breaks_off_gets_one_more_try_and_no_third() -> None:
    tries = 0

    async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE[: -1 if tries != 4 else None])
        await writer.drain()

    async with raw_site(cut) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
        assert (row.reason, tries) == ("incomplete", 2)
        row, body = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
        assert (row.reason, body, tries) == (None, PICTURE, 4)


async def test_a_reset_within_the_body_is_incomplete() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 10)
        await writer.drain()
        await asyncio.sleep(0.05)  # the part is on its way before the reset overtakes it
        await reset(reader, writer)

    async with raw_site(cut) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "incomplete"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 100_000 + b"\r\n",
        bytes(range(256)) * 10,
    ],
)
async def test_what_is_no_http(answer: bytes) -> None:
    async with raw_site(says(answer)) as port:
        row, _ = await fetch(f"http://127.0.0.1:{port}/", allowing(port))
    assert (row.reason, row.http_status) == ("connection", None)


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async with raw_site(says(HEAD + b"Connection: close\r\n\r\n" + PICTURE)) as port:
        assert (await fetch(f"http://127.0.0.1:{port}/", allowing(port)))[1] == PICTURE


# TLS


@pytest.fixture
async def tls_port() -> AsyncIterator[tuple[int, trustme.CA]]:
    ca = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("pictures.example").configure_cert(context)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(PICTURE) + PICTURE)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1], ca
    server.close()
    server.close_clients()


async def test_tls_is_verified(tls_port: tuple[int, trustme.CA], tmp_path: Path) -> None:
    port, ca = tls_port
    guard = allowing(port)
    resolver = TableResolver({name: [["127.0.0.1"]] for name in ("pictures.example", "other.example")})
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with Fetcher(LIMITS, guard, BLUNT, ca_file=tmp_path / "ca.pem", resolver=resolver) as fetcher:
        row, body = await fetch(f"https://pictures.example:{port}/", guard, fetcher=fetcher)
        assert (row.reason, body) == (None, PICTURE)
        row, _ = await fetch(f"https://other.example:{port}/", guard, fetcher=fetcher)
        assert row.reason == "connection"
        assert "TLS" in (row.detail or "")
    async with Fetcher(LIMITS, guard, BLUNT, resolver=resolver) as fetcher:
        row, _ = await fetch(f"https://pictures.example:{port}/", guard, fetcher=fetcher)
        assert row.reason == "connection"
        assert "TLS" in (row.detail or "")


async def test_tls_spoken_to_a_plain_server() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        row, _ = await fetch(f"https://127.0.0.1:{port}/", allowing(port))
    assert row.reason == "connection"
    assert "TLS" in (row.detail or "")


# Names and addresses


async def test_a_name_without_an_address() -> None:
    async with Fetcher(LIMITS, AddressGuard(), BLUNT, resolver=TableResolver({})) as fetcher:
        row, _ = await fetch("http://nowhere.example/a.png", AddressGuard(), fetcher=fetcher)
    assert row.reason == "dns"
    assert "nowhere.example" in (row.detail or "")


async def test_the_systems_resolver_is_asked_by_default() -> None:
    row, _ = await fetch("http://localhost:1/", AddressGuard())
    assert row.reason == "address_refused"
    assert "loopback" in (row.detail or "")


async def test_a_name_that_leads_inside_is_refused() -> None:
    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=PICTURE)

    table = {"inside.example": [["127.0.0.1"]], "both.example": [["10.0.0.1", "127.0.0.1", "fd00:ec2::254"]]}
    async with web_site(web.get("/", picture)) as port:
        for guard, name, reason in (
            (AddressGuard(), "inside.example", "address_refused"),
            (AddressGuard(), "both.example", "address_refused"),
            (allowing(port), "both.example", None),  # the one address that is allowed is taken, no other
        ):
            async with Fetcher(LIMITS, guard, BLUNT, resolver=TableResolver(table)) as fetcher:
                row, _ = await fetch(f"http://{name}:{port}/", guard, fetcher=fetcher)
            assert row.reason == reason


async def test_rebinding_between_requests() -> None:
    async def close(_: web.Request) -> web.Response:
        response = web.Response(status=302, headers={"Location": "/next"})
        response.force_close()
        return response

    async with web_site(web.get("/", close)) as port:
        guard = allowing(port)
        resolver = TableResolver({"rebind.example": [["127.0.0.1"], ["10.0.0.1"]]})
        async with Fetcher(LIMITS, guard, BLUNT, resolver=resolver) as fetcher:
            assert fetcher._session is not None
            fetcher._session.names = Names(resolver, seconds=0)  # as if the record's time had passed
            row, _ = await fetch(f"http://rebind.example:{port}/", guard, fetcher=fetcher)
    assert row.reason == "address_refused"
    assert resolver.table == {"rebind.example": [["10.0.0.1"]]}


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["127.0.0.1", "10.0.0.1"],
        ["127.0.0.1", "::1"],
        ["::1", "127.0.0.1", "fe80::1%lo"],
        ["64:ff9b::7f00:1"],
    ],
)
async def test_every_address_of_a_name_is_checked(addresses: list[str]) -> None:
    connected = asyncio.Event()

    async def picture(_: web.Request) -> web.Response:
        connected.set()
        return web.Response(body=PICTURE)

    resolver = TableResolver({"inside.example": [addresses]})
    async with (
        web_site(web.get("/", picture)) as port,
        Fetcher(LIMITS, AddressGuard(), BLUNT, resolver=resolver) as fetcher,
    ):
        row, _ = await fetch(f"http://inside.example:{port}/", AddressGuard(), fetcher=fetcher)
    assert row.reason == "address_refused"
    assert (row.detail or "").startswith("inside.example: ")
    assert "exceptions" not in (row.detail or "")
    assert not connected.is_set()


async def test_a_look_up_that_fails_for_now_is_tried_again() -> None:
    class Hesitant(TableResolver):
        asked = 0

        async def __call__(self, host: str) -> list[str]:
            self.asked += 1
            if self.asked == 1:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return await super().__call__(host)

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=PICTURE)

    resolver = Hesitant({"a.example": [["127.0.0.1"]]})
    async with web_site(web.get("/", picture)) as port:
        guard = allowing(port)
        async with Fetcher(LIMITS, guard, BLUNT, resolver=resolver) as fetcher:
            row, _ = await fetch(f"http://a.example:{port}/", guard, fetcher=fetcher)
    assert (row.reason, resolver.asked) == (None, 2)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no url",
        "/relative.png",
        "ftp://example.org/a.png",
        "file:///etc/passwd",
        "http://user:secret@example.org/",
        "http://user@example.org/",
        "http://example.org:99999/",
        "http:///a.png",
        "http://[::1/",
        "http://exa\x00mple.org/",
        "http://example.org/" + "a" * 2_000,
        "http://" + "a" * 70 + ".example/",
        "http://.example/",
        "http://a..b/",
    ],
)
async def test_what_is_no_url_to_fetch(url: str) -> None:
    async with Fetcher(LIMITS, AddressGuard(), BLUNT) as fetcher:
        row, _ = await fetch(url, AddressGuard(), fetcher=fetcher)
    assert row.reason in {"bad_url", "dns"}
    assert row.http_status is None


# Many


@pytest.mark.parametrize(("hosts", "peak"), [(1, 3), (5, 8)])
async def test_all_come_once_and_bounds_hold(hosts: int, peak: int) -> None:
    now = 0
    most = 0

    async def picture(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        number = request.query["i"]
        return web.Response(body=PICTURE + number.encode(), status=404 if "7" in number else 200)

    limits = FetchLimits(concurrency=8, per_host=3)
    async with web_site(web.get("/", picture)) as port:
        guard = allowing(port)
        names = [f"site{number}.example" for number in range(hosts)]
        resolver = TableResolver({name: [["127.0.0.1"]] for name in names})
        wanted = [candidate(f"http://{names[i % hosts]}:{port}/?i={i}") for i in range(40)]
        async with Fetcher(limits, guard, BLUNT, resolver=resolver) as fetcher:
            results = {i: (row, body) async for i, row, body in fetch_many(wanted, fetcher)}
    assert sorted(results) == list(range(40))
    for i, (row, body) in results.items():
        assert row.candidate == wanted[i]
        assert body == (b"" if "7" in str(i) else PICTURE + str(i).encode())
    assert most == peak


async def test_a_slow_consumer_slows_fetching_down() -> None:
    asked = taken = most = 0
    arrived = asyncio.Event()

    async def picture(_: web.Request) -> web.Response:
        nonlocal asked, most
        asked += 1
        most = max(most, asked - taken)
        arrived.set()
        return web.Response(body=PICTURE)

    limits = FetchLimits(concurrency=4, per_host=100)
    async with web_site(web.get("/", picture)) as port:
        wanted = [candidate(f"http://127.0.0.1:{port}/?i={i}") for i in range(30)]
        async with (
            Fetcher(limits, allowing(port), BLUNT) as fetcher,
            aclosing(fetch_many(wanted, fetcher)) as results,
            asyncio.timeout(10),
        ):
            async for _ in results:
                while asked < min(30, taken + 4):
                    arrived.clear()
                    await arrived.wait()
                taken += 1
    assert (asked, taken, most) == (30, 30, 4)


async def test_a_consumer_who_leaves_ends_the_fetching() -> None:
    under_way = asyncio.Event()
    ended = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        under_way.set()
        await reader.read()  # to the end of the connection
        ended.set()

    async def picture(_: web.Request) -> web.Response:
        await under_way.wait()
        return web.Response(body=PICTURE)

    async with web_site(web.get("/", picture)) as quick, raw_site(hang) as slow:
        wanted = [candidate(f"http://127.0.0.1:{port}/") for port in (slow, quick)]
        async with Fetcher(LIMITS, allowing(quick, slow), BLUNT) as fetcher, asyncio.timeout(3):  # before any limit
            async with aclosing(fetch_many(wanted, fetcher)) as results:
                index, _, _ = await anext(results)
            await ended.wait()
        assert index == 1


async def test_nothing_to_fetch() -> None:
    async with Fetcher(LIMITS, AddressGuard()) as fetcher:
        assert [result async for result in fetch_many([], fetcher)] == []
