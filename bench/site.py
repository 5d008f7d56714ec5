"""A web site of the benchmark's own: serves the corpus where nginx is absent, and fails in assorted ways on request.

    python -m bench.site --root DIR --host 127.0.0.1 --port PORT [--certificate PEM]

What a URL does is told by its first segment: `ok` and any other serve the file; `reset` drops the connection in the
middle of the body; `truncated` announces more than it sends; `html` answers 200 with a page; `slow` sends a byte now
and then; `404` is not there.
"""

import argparse
import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

FAILURES = ("404", "reset", "truncated", "html", "slow")
DRIP_SECONDS = 0.25
DRIP_LIMIT_SECONDS = 60.0
"""Nobody is kept longer than this, whoever waits for the end."""

ROBOTS = b"User-agent: *\nDisallow: /private/\n"
_PAGE = b"<!doctype html><title>Gone</title><p>This picture has moved.</p>" + b" " * 2_000
_HEAD = "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: keep-alive\r\n\r\n"
_BACKLOG = 1024
_NO_LINGER = struct.pack("ii", 1, 0)


class Site:
    """Answers GET requests for files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, with keep-alive, until either side ends it."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError, ssl.SSLError):
            while await self._answer(await reader.readuntil(b"\r\n\r\n"), writer):
                pass
        writer.close()

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection may be used again."""
        path = unquote(request.split(b" ", 2)[1].decode("ascii", "replace")).partition("?")[0].lstrip("/")
        kind = path.partition("/")[0]
        if path == "robots.txt":
            return await _send(writer, "200 OK", "text/plain", ROBOTS)
        if kind == "html":
            return await _send(writer, "200 OK", "text/html", _PAGE)
        file = self._root / path.removeprefix(f"{kind}/") if kind in {"ok", *FAILURES} else self._root / path
        if kind == "404" or not file.resolve().is_relative_to(self._root) or not file.is_file():
            return await _send(writer, "404 Not Found", "text/html", _PAGE)
        body = file.read_bytes()
        if kind in {"reset", "truncated"}:
            writer.write(_head("200 OK", "image/jpeg", len(body)) + body[: len(body) // 2])
            await writer.drain()
            if kind == "reset":
                _reset_on_close(writer)
            return False
        if kind == "slow":
            await _drip(writer, body)
            return False
        return await _send(writer, "200 OK", "image/jpeg", body)


def _head(status: str, kind: str, length: int) -> bytes:
    return _HEAD.format(status=status, kind=kind, length=length).encode()


async def _send(writer: asyncio.StreamWriter, status: str, kind: str, body: bytes) -> bool:
    writer.write(_head(status, kind, len(body)) + body)
    await writer.drain()
    return True


async def _drip(writer: asyncio.StreamWriter, body: bytes) -> None:
    """The whole head, then a byte at a time."""
    writer.write(_head("200 OK", "image/jpeg", len(body)))
    with suppress(TimeoutError):
        async with asyncio.timeout(DRIP_LIMIT_SECONDS):
            for position in range(len(body)):
                writer.write(body[position : position + 1])
                await writer.drain()
                await asyncio.sleep(DRIP_SECONDS)


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    """Make closing send RST instead of FIN, see socket(7), SO_LINGER."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


async def _run(root: Path, hosts: list[str], port: int, certificate: Path | None) -> None:
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    # Several processes may listen on the same port: the kernel deals out the connections.
    server = await asyncio.start_server(Site(root).serve, hosts, port, ssl=context, backlog=_BACKLOG, reuse_port=True)
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
