"""A web site of the benchmark's own: serves the corpus where nginx is absent, and fails in assorted ways on request.

    python -m bench.site --root DIR --host 127.0.0.1 --port PORT [--certificate PEM]

What a URL does is told by its first segment: `ok` and any other serve the file; `reset` drops the connection in the
middle of the body; `truncated` announces more than it sends; `html` answers 200 with a page; `slow` sends a byte now
and then; `404` is not there.
"""

import argparse
import asyncio
import os
import socket
import ssl
import struct
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import unquote

FAILURES = ("404", "reset", "truncated", "html", "slow")
DRIP_SECONDS = 0.25
DRIP_LIMIT_SECONDS = 60.0
"""Nobody is kept longer than this, whoever waits for the end."""

ROBOTS = b"User-agent: *\nDisallow: /private/\n"
_PAGE = b"<!doctype html><title>Gone</title><p>This picture has moved.</p>" + b" " * 2_000
_BACKLOG = 1024
_NO_LINGER = struct.pack("ii", 1, 0)


def _head(status: str, kind: str, length: int) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()


_HTML = _head("200 OK", "text/html", len(_PAGE)) + _PAGE
_NOT_FOUND = _head("404 Not Found", "text/html", len(_PAGE)) + _PAGE
_ROBOTS = _head("200 OK", "text/plain", len(ROBOTS)) + ROBOTS


class Connection(asyncio.Protocol):
    """Answers GET requests for files below a folder, one after the other.

    A protocol and not streams, and nothing is made anew that can be kept: it runs on the cores that are measured.
    """

    def __init__(self, root: Path) -> None:
        self._root = f"{root.resolve()}{os.sep}"
        self._received = b""
        self._drip: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody calls."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what servers for streams of bytes have
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody listens any more."""
        if self._drip is not None:
            self._drip.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer what has been asked for."""
        *requests, self._received = (self._received + data).split(b"\r\n\r\n")
        for request in requests:
            if not self._transport.is_closing():
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        path = unquote(request.split(b" ", 2)[1].decode("ascii", "replace")).partition("?")[0].lstrip("/")
        kind, _, rest = path.partition("/")
        if path == "robots.txt":
            self._transport.write(_ROBOTS)
        elif kind == "html":
            self._transport.write(_HTML)
        elif kind == "404" or (body := self._read(rest if kind in {"ok", *FAILURES} else path)) is None:
            self._transport.write(_NOT_FOUND)
        else:
            self._send(kind, body)

    def _read(self, path: str) -> bytes | None:
        if ".." in path.split("/"):
            return None
        try:
            with open(self._root + path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes longer than the file
                return file.read()
        except (OSError, ValueError):  # not there, a folder, no name
            return None

    def _send(self, kind: str, body: bytes) -> None:
        head = _head("200 OK", "image/jpeg", len(body))
        if kind in {"reset", "truncated"}:
            self._transport.write(head + body[: len(body) // 2])
            if kind == "reset":
                self._reset_on_close()
            self._transport.close()
        elif kind == "slow":
            self._transport.write(head)
            self._next_drip(body, 0)
        else:
            self._transport.write(head + body)

    def _next_drip(self, body: bytes, position: int) -> None:
        """A byte at a time."""
        if position >= min(len(body), DRIP_LIMIT_SECONDS / DRIP_SECONDS):
            self._transport.close()
            return
        self._transport.write(body[position : position + 1])
        self._drip = asyncio.get_running_loop().call_later(DRIP_SECONDS, self._next_drip, body, position + 1)

    def _reset_on_close(self) -> None:
        """Make closing send RST instead of FIN, see socket(7), SO_LINGER."""
        connection: socket.socket = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


async def _run(root: Path, hosts: list[str], port: int, certificate: Path | None) -> None:
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    # Several processes may listen on the same port: the kernel deals out the connections.
    server = await asyncio.get_running_loop().create_server(
        partial(Connection, root), hosts, port, ssl=context, backlog=_BACKLOG, reuse_port=True
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--host", action="append", required=True, help="may be given several times")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", type=Path)
    arguments = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(arguments.root, arguments.host, arguments.port, arguments.certificate))


if __name__ == "__main__":
    main()
