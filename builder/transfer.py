"""One libcurl handle and the request that it is at: head and body handed on as they come, time kept."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycurl
from multidict import CIMultiDict

from builder.errors import AddressRefusedError
from builder.guard import AddressGuard
from builder.limits import FetchLimits

ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/*;q=0.9,*/*;q=0.1"
MAX_HEAD_BYTES = 65_536
"""Of all the lines before the body; libcurl itself stops at 100 KiB in one line."""

_KEEP_ALIVE_SECONDS = 3
"""How long a connection waits for another request. A list whose every image is on a host of its own leaves some
hundred connections a second behind, and a process may commonly have 1,024."""

_PASSED_BYTES = 32_768
_PASSED_SECONDS = 0.5
"""What is read of a body that nobody wants: another connection would cost more."""

_BUFFER_BYTES = 131_072  # most pictures come in one or two pieces; libcurl has one buffer for all its handles
_BLANK = frozenset({b"\r\n", b"\n"})
_STOP = -1  # is no number of bytes, so that libcurl ends the transfer
_FINAL = 200  # what is below is followed by another head


HEADERS = frozenset(
    {b"content-length", b"content-type", b"location", b"retry-after", b"tdm-reservation", b"x-robots-tag"}
)
"""What is read of the headers."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before a body: `HEADERS` of it. Bytes that are no UTF-8 are half characters (PEP 383)."""

    status: int
    phrase: str
    headers: CIMultiDict[str]

    @property
    def announced(self) -> int:
        """Bytes of the body, as it is sent; 0 when it does not say."""
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isascii() and text.isdecimal() else 0


Judge = Callable[[Head], int]
"""Says of how many bytes of the body, decoded, there is use, when it has seen the head; raises to end it at once. A
body of no use is read all the same if it is short, to keep the connection."""


class _Handed(socket.socket):
    """A socket that libcurl takes a copy of: the original is closed without the warning that nobody closed it."""

    def __del__(self) -> None:
        self.close()


class TooMuchHeadError(Exception):
    """A server that does not come to an end with its headers."""


class StalledError(Exception):
    """Nothing came for as long as a server may be silent."""


class Transfer:
    """A handle that is used for one request after the other, so that it keeps its settings and its connection."""

    def __init__(self, limits: FetchLimits, guard: AddressGuard, authorities: Path) -> None:
        self._guard = guard
        self._silence = limits.read_seconds
        self._loop = asyncio.get_running_loop()
        self._judge: Judge | None = None
        self._lines: list[bytes] = []
        self._head_bytes = 0
        self._in_body = False
        self._heard = 0.0
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._future: asyncio.Future[Any] | None = None
        self.refused: AddressRefusedError | None = None
        self.failure: Exception | None = None  # what the judge raised
        self.done = False  # there is no use for the rest, however it ends
        self._most = 0
        self._size = 0
        self._pieces: list[bytes] = []
        self.curl = pycurl.Curl()
        for option, value in _options(limits, authorities):
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._line)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._piece)

    def begin(self, url: str, resolve: Sequence[str], judge: Judge, seconds: float) -> None:
        """Get ready for another request, which has `seconds`. `resolve`: where its host is, as CURLOPT_RESOLVE."""
        self._judge = judge
        self._lines = []
        self._head_bytes = self._size = 0
        self._pieces = []
        self._in_body = self.done = False
        self.refused = self.failure = None
        self.curl.setopt(pycurl.URL, url)
        if resolve:
            self.curl.setopt(pycurl.RESOLVE, resolve)
        self._heard = self._loop.time()
        self._deadline = self._heard + seconds

    @property
    def size(self) -> int | None:
        """Bytes of the body so far, decoded; None before the end of the head."""
        return self._size if self._in_body else None

    @property
    def body(self) -> bytes:
        """What has come of the body that there was use for, and up to a piece more."""
        return b"".join(self._pieces)  # a single piece is not copied

    def watch(self, future: "asyncio.Future[Any]") -> None:
        """End `future` by TimeoutError at the deadline, by StalledError after too long a silence."""
        self._future = future
        self._timer = self._loop.call_at(min(self._deadline, self._heard + self._silence), self._look)

    def end(self) -> None:
        """Let go of everything about the last request."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._future = self._judge = None
        self._pieces = []

    def _look(self) -> None:
        if self._future is None or self._future.done():
            return
        if self._timer is not None:
            self._timer.cancel()
        now = self._loop.time()
        if now >= self._deadline:
            self._future.set_exception(TimeoutError())
            return
        if now >= self._heard + self._silence:
            if self.curl.getinfo(pycurl.PRETRANSFER_TIME):
                self._future.set_exception(StalledError())
                return
            self._heard = now  # still connecting, for which libcurl keeps the time
        self._timer = self._loop.call_at(min(self._deadline, self._heard + self._silence), self._look)

    def _open_socket(self, purpose: int, address: Any) -> Any:
        """A socket for the address that is about to be connected to, or none.

        What is checked here is what is connected to: neither DNS rebinding nor a cache can come between.
        """
        del purpose
        family, kind, protocol, where = address
        try:
            self._guard.check(where[0], where[1])
            return _Handed(family, kind, protocol)
        except AddressRefusedError as error:
            self.refused = error
        except OSError as error:  # no more files
            self.failure = error
        return pycurl.SOCKET_BAD

    def _line(self, line: bytes) -> int | None:
        if line not in _BLANK:
            self._lines.append(line)
            self._head_bytes += len(line)
            if self._head_bytes <= MAX_HEAD_BYTES:
                return None
            self.failure = TooMuchHeadError()
            return _STOP
        lines, self._lines = self._lines, []
        if self._in_body:  # these were trailers
            return None
        return self._end_of_head(lines)

    def _end_of_head(self, lines: list[bytes]) -> int | None:
        self._heard = self._loop.time()
        try:
            head = _head(lines)
            if head.status < _FINAL:
                return None
            self._in_body = True
            self._most = self._judge(head)  # type: ignore[misc]  # there is one until `end`
        except Exception as error:  # noqa: BLE001 - for who waits: C would print it
            self.failure = error
            return _STOP
        if not self._most:
            self.done = True
            if head.announced > _PASSED_BYTES:
                return _STOP
            self._most = _PASSED_BYTES
            self._deadline = min(self._deadline, self._heard + _PASSED_SECONDS)
            self._look()
        return None

    def _piece(self, data: bytes) -> int | None:
        self._heard = self._loop.time()
        self._pieces.append(data)
        self._size += len(data)
        if self._size <= self._most:
            return None
        self.done = True
        return _STOP


def _head(lines: list[bytes]) -> Head:
    _, _, rest = lines[0].partition(b" ")
    status, _, phrase = rest.strip().partition(b" ")
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() in HEADERS:
            headers.add(name.decode(), _text(value))
    return Head(int(status[:3]), _text(phrase), headers)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape").strip()


def _options(limits: FetchLimits, authorities: Path) -> list[tuple[int, Any]]:
    return [
        (pycurl.NOSIGNAL, 1),
        (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
        (pycurl.PROXY, ""),  # none, whatever the environment says
        (pycurl.NOPROXY, "*"),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
        (pycurl.FOLLOWLOCATION, 0),  # every redirect is looked at first
        (pycurl.PATH_AS_IS, 1),  # signed URLs break when they are tidied up
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.HTTP09_ALLOWED, 0),
        (pycurl.USERAGENT, limits.user_agent),
        (pycurl.HTTPHEADER, [f"Accept: {ACCEPT}"]),
        (pycurl.ACCEPT_ENCODING, "identity"),  # and what comes encoded all the same is decoded
        (pycurl.CONNECTTIMEOUT_MS, max(1, round(limits.connect_seconds * 1_000))),
        (pycurl.MAXAGE_CONN, _KEEP_ALIVE_SECONDS),
        (pycurl.BUFFERSIZE, _BUFFER_BYTES),
        (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
        (pycurl.CAINFO, str(authorities)),
    ]
