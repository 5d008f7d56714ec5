"""One POST to an address that a user named: guarded at the socket, within a time, no redirect followed.

For messages, not for images: those are fetched by `builder.fetcher`.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from builder.errors import AddressRefusedError, OutboundError
from builder.guard import AddressGuard

Lookup = Callable[..., list[tuple[Any, ...]]]
"""As `socket.getaddrinfo`."""

_PORTS = {"http": 80, "https": 443}
_SHORT = 0.001


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    guard: AddressGuard,
    seconds: float,
    lookup: Lookup = socket.getaddrinfo,
    trust: ssl.SSLContext | None = None,
) -> int:
    """The status that came back; `OutboundError`, without the URL in it, when none did within `seconds`.

    Of the answer only the head is read, and a redirect is an answer like any other. The address that is checked is the
    one that is connected to, while name and certificate stay those of the URL: DNS rebinding leads nowhere. The look-up
    of the name has the system's own limits.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    expired = threading.Event()
    try:
        guard.check_host(host, port)
        found = lookup(host, port, type=socket.SOCK_STREAM)
        until = time.monotonic() + seconds
        with _connect(guard, found, until) as raw, _deadline(raw, until, expired):
            connection = _connection(raw, parts.scheme, (host, port), trust)
            try:
                connection.request("POST", target, body, {**headers, "Connection": "close"})
                status = connection.getresponse().status
            finally:
                connection.close()
        if expired.is_set():  # the head was cut off, which looks like its end
            raise OutboundError(_late(seconds))
        return status
    except AddressRefusedError:  # which tells the address: whoever named the host may not learn it from us
        msg = "the host has an address that nothing is sent to"
        raise OutboundError(msg) from None
    except socket.gaierror:
        msg = "the name of the host cannot be resolved"
        raise OutboundError(msg) from None
    except ssl.SSLError as error:
        msg = f"no trusted TLS connection: {error.reason or 'the host ended it'}"
        raise OutboundError(_late(seconds) if expired.is_set() else msg) from None
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a host that is none
        late = expired.is_set() or isinstance(error, TimeoutError)
        raise OutboundError(_late(seconds) if late else _said(error)) from None


def _connect(guard: AddressGuard, found: list[tuple[Any, ...]], until: float) -> socket.socket:
    """A connection to the first address that takes one; no address is tried when one of them is refused."""
    for info in found:
        guard.check(info[4][0], info[4][1])
    last: OSError = TimeoutError()
    for info in found:
        made = socket.socket(*info[:3])
        made.settimeout(max(until - time.monotonic(), _SHORT))
        try:
            made.connect(info[4])
        except OSError as error:
            made.close()
            last = error
        else:
            return made
    raise last


@contextmanager
def _deadline(raw: socket.socket, until: float, expired: threading.Event) -> Iterator[None]:
    """Cut the connection when the time is over: a timeout of the socket would begin anew with every byte."""
    handle = raw.dup()  # TLS takes the descriptor away from `raw`

    def cut() -> None:
        expired.set()
        with suppress(OSError):  # the host was faster
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(until - time.monotonic(), _SHORT), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        handle.close()


def _connection(
    raw: socket.socket, scheme: str, place: tuple[str, int], trust: ssl.SSLContext | None
) -> http.client.HTTPConnection:
    """An HTTP connection over a socket that is connected already."""
    if scheme == "http":
        plain = http.client.HTTPConnection(*place)
        plain.sock = raw
        return plain
    context = trust or ssl.create_default_context()
    connection = http.client.HTTPSConnection(*place, context=context)
    connection.sock = context.wrap_socket(raw, server_hostname=place[0])
    return connection


def _late(seconds: float) -> str:
    return f"no answer within {seconds:g} s"


def _said(error: Exception) -> str:
    """What went wrong in words that hold nothing of what the host sent."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return "the host ended the connection without an answer"
    return "the host did not answer in HTTP"
