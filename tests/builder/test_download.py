"""One try at one URL: `Retry-After`, and servers that say just anything."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.download import retry_after
from builder.fetcher import Fetcher, FetchLimits
from builder.manners import Manners
from builder.raw import read_raw, write_raw
from builder.rows import Candidate
from tests.builder.servers import allowing

BLUNT = Manners(robots=False)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 400, 999_999_999),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("Sunday, 22-Nov-26 12:01:30 GMT", 90),
        ("Sun Nov 22 12:01:30 2026", 90),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 99 Nov 2026 12:01:30 GMT", None),
        ("Sun, 22 Nov 99999 12:01:30 GMT", None),
        (f"Sun, 22 Nov {'9' * 30} 12:01:30 GMT", None),
        (f"Sun, 22 Nov 2026 12:01:30 +{'9' * 20}", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.integers(-(10**6), 10**6))
def test_a_date_is_as_good_as_a_number(seconds: int) -> None:
    assert retry_after(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == max(0, seconds)


@given(st.text(max_size=60))
def test_any_header_is_read_without_an_error(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or seconds >= 0


class Anything:
    """A server that answers each connection with the same bytes, whatever they are, and closes."""

    def __init__(self) -> None:
        self.answer = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with closing(connection):
                try:
                    connection.recv(65_536)
                    connection.sendall(self.answer)
                except OSError:
                    continue

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture(scope="module")
def anything() -> Iterator[Anything]:
    server = Anything()
    yield server
    server.close()


fields = st.one_of(
    st.sampled_from(
        [
            b"Content-Length: 5",
            b"Content-Length: 0",
            b"Content-Length: -1",
            b"Content-Length: 99999999999999999999",
            b"Transfer-Encoding: chunked",
            b"Content-Encoding: gzip",
            b"Content-Encoding: deflate",
            b"Content-Encoding: br",
            b"Content-Type: \xff\xfe",
            b"Location: http://[",
            b"Location: \xff\xfe",
            b"Location: http://\xc3\xa4\xff/",
            b"Location: //",
            b"Location: http://127.0.0.1:1/",
            b"Retry-After: \xff",
            b"Set-Cookie: a=b",
            b"Connection: upgrade",
            b"Upgrade: h2c",
        ]
    ),
    st.binary(max_size=30),
)
answers = st.builds(
    lambda status, head, body: (
        b"HTTP/1.1 %d X\r\n" % status + b"".join(field + b"\r\n" for field in head) + b"\r\n" + body
    ),
    st.one_of(st.sampled_from([100, 101, 200, 204, 206, 301, 302, 304, 404, 429, 503, 999]), st.integers(0, 1_200)),
    st.lists(fields, max_size=4),
    st.binary(max_size=40),
)


@given(st.one_of(answers, st.binary(max_size=200)))
async def test_whatever_a_server_says_becomes_a_row_that_can_be_written(anything: Anything, answer: bytes) -> None:
    anything.answer = answer
    limits = FetchLimits(read_seconds=0.5, connect_seconds=1, max_bytes=1_000, retries=0)
    wanted = Candidate(url=f"http://127.0.0.1:{anything.port}/", label="x", engine="urls", query="x")
    async with asyncio.timeout(5), Fetcher(limits, allowing(anything.port), BLUNT) as fetcher:
        row, body = await fetcher.fetch(wanted)
    assert (row.reason is None) == bool(body)
    assert len(body) <= 1_000
    assert list(read_raw(write_raw([(0, row, body)]))) == [(0, row, body or None)]


@pytest.fixture(autouse=True)
def _nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record for record in caplog.records if "unexpected" in record.message]


async def test_bytes_in_headers_that_are_no_text_do_not_spoil_the_row(anything: Anything) -> None:
    anything.answer = b"HTTP/1.1 200 \xff\r\nContent-Type: image/\xff\xfe\r\nContent-Length: 1\r\n\r\nx"
    wanted = Candidate(url=f"http://127.0.0.1:{anything.port}/", label="x", engine="urls", query="x")
    async with Fetcher(FetchLimits(), allowing(anything.port), BLUNT) as fetcher:
        row, _ = await fetcher.fetch(wanted)
    assert (row.reason, row.content_type) == (None, "image/??")
