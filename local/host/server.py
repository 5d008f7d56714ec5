"""uvicorn inside a running event loop: its own socket, no signal handlers, a clean stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from local.host.errors import PortTakenError


class _QuietServer(uvicorn.Server):
    """Leaves the process's signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int) -> socket.socket:
    """A listening socket on loopback `port` (0: any free one); PortTakenError when it is taken."""
    # Named, for only then asyncio turns Nagle's algorithm off: an answer in two packets would take 40 ms more.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        msg = f"port {port} cannot be used ({error.strerror}): stop what listens there, or choose another --port"
        raise PortTakenError(msg) from error
    return listener


class Server:
    """Serves an ASGI app on a bound socket, from `start` to `stop`."""

    def __init__(self, app: ASGIApp, listener: socket.socket, *, grace: float) -> None:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=max(1, round(grace)),
        )
        self._server = _QuietServer(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Accept connections from when this returns."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Accept no more; wait for what is being answered, and cancel it when the grace time is over."""
        self._server.should_exit = True
        if self._task:
            await self._task
        if cancelled := set(self._server.server_state.tasks):
            await asyncio.wait(cancelled)
