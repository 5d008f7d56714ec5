"""Small servers on loopback and a resolver with a table, for tests of fetching."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address

from aiohttp import web

from builder.guard import AddressGuard

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def web_site(*routes: web.RouteDef) -> AsyncIterator[int]:
    """An HTTP server with these routes; the value is its port."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_site(handler: Handler) -> AsyncIterator[int]:
    """A TCP server that reads a request's head and leaves the rest to `handler`; the value is its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close_clients()


def says(*pieces: bytes) -> Handler:
    """A handler that sends these bytes."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
        await writer.drain()

    return handler


def allowing(*ports: int) -> AddressGuard:
    """A guard that lets these ports of 127.0.0.1 through, and nothing else that is not global."""
    return AddressGuard(frozenset((ip_address("127.0.0.1"), port) for port in ports))


class TableResolver:
    """Answers from a table of names; each look-up of a name takes its next answer, the last one for ever."""

    def __init__(self, table: Mapping[str, list[list[str]]]) -> None:
        self.table = {name: list(answers) for name, answers in table.items()}

    async def __call__(self, host: str) -> list[str]:
        if host not in self.table:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self.table[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]
