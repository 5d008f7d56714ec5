"""What comes before a body, as libcurl hands it on; and how long one may be silent."""

import asyncio

import pytest
from yarl import URL

from builder.limits import FetchLimits
from builder.session import Session
from builder.transfer import MAX_HEAD_BYTES, Head, StalledError, TooMuchHeadError
from tests.builder.servers import Handler, allowing, raw_site, says

END = b"\r\n\r\n"


async def get(handler: Handler, limits: FetchLimits | None = None, *, use: int = 1_000) -> tuple[list[Head], bytes]:
    heads: list[Head] = []

    def judge(head: Head) -> int:
        heads.append(head)
        return use

    limits = limits or FetchLimits()
    async with raw_site(handler) as port, Session(limits, allowing(port)) as session:
        return heads, await session.get(URL(f"http://127.0.0.1:{port}/"), judge, 5)


async def test_a_head_is_read_whatever_its_spelling() -> None:
    fields = b"content-LENGTH:1\r\nX-Robots-Tag: all,\r\n  noai\r\nx-robots-tag:noml\r\nLocation: /\xe4\r\nX-Other: y"
    (head,), body = await get(says(b"HTTP/1.1 200  All \xff well\r\n" + fields + END + b"x"))
    assert (head.status, head.phrase, head.announced, body) == (200, "All \udcff well", 1, b"x")
    assert head.headers.getall("X-Robots-Tag") == ["all, noai", "noml"]
    assert head.headers["location"] == "/\udce4"
    assert "X-Other" not in head.headers


async def test_neither_heads_on_the_way_nor_trailers_count() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nX-Robots-Tag: noai" + END
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked" + END + b"1\r\nx\r\n0\r\nX-Robots-Tag: noai" + END
    (head,), body = await get(says(early + chunked))
    assert (head.status, len(head.headers), body) == (200, 0, b"x")


@pytest.mark.parametrize("spare", [0, 200])
async def test_a_head_has_a_bound(spare: int) -> None:
    line = b"X-Padding: " + b"x" * 1_000 + b"\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + line * (MAX_HEAD_BYTES // len(line) - 1 + spare)
    if not spare:
        assert (await get(says(answer + b"\r\nx")))[1] == b"x"
    else:
        with pytest.raises(TooMuchHeadError):
            await get(says(answer + b"\r\nx"))


async def test_more_than_there_is_use_for_is_not_waited_for() -> None:
    async def more(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000" + END + b"x" * 600)
        await writer.drain()
        await asyncio.Event().wait()

    async with asyncio.timeout(3):
        assert len((await get(more, use=500))[1]) >= 500


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2" + END + b"x"])
async def test_silence_is_heard_before_and_within_a_body(head: bytes) -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()
        await asyncio.Event().wait()

    async with asyncio.timeout(3):
        with pytest.raises(StalledError):
            await get(silent, FetchLimits(read_seconds=0.1))


async def test_what_a_judge_raises_comes_out() -> None:
    def judge(_: Head) -> int:
        raise ZeroDivisionError

    async with raw_site(says(b"HTTP/1.1 200 OK" + END)) as port, Session(FetchLimits(), allowing(port)) as session:
        with pytest.raises(ZeroDivisionError):
            await session.get(URL(f"http://127.0.0.1:{port}/"), judge, 5)
