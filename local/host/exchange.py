"""One HTTP exchange: limits the request's body, and cancels the handler when the client goes away."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

# How many messages of the body (64 KiB each at most) are read ahead of the handler. Reading ahead is what makes a
# disconnect visible while the handler is busy with something else.
_READ_AHEAD = 16

type Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLargeError(Exception):
    """The request's body is larger than the host allows."""


class Exchange:
    """Runs a handler on one ASGI HTTP scope, with at most `max_body` bytes of request body."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, max_body: int) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._max_body = max_body
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(_READ_AHEAD)
        self._too_large = False
        self._started = False
        self._finished = False

    async def run(self, handler: Handler) -> None:
        """Call the handler; answer in its place when the body is too large, it raises, or the host ends."""
        declared = dict(self._scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max_body:
            await self._refuse(413)
            return
        task = asyncio.ensure_future(handler(self._scope, self._next, self._forward))
        pump = asyncio.create_task(self._pump(task))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:  # the server's, at the end of the grace time; nobody waits for this task
            task.cancel()
            await asyncio.wait({task})
            if not self._started:
                await self._refuse(503)
            return
        finally:
            pump.cancel()
        failed = not task.cancelled() and task.exception() is not None
        if failed and not self._started:
            await self._refuse(413 if self._too_large else 500)

    async def _refuse(self, status: int) -> None:
        headers = {"connection": "close"} if status == 413 else {}  # noqa: PLR2004 - Content Too Large
        await Response(status_code=status, headers=headers)(self._scope, self._receive, self._send)

    async def _pump(self, task: "asyncio.Future[None]") -> None:
        """Move the client's messages to the handler, until the body is too large or the client is gone."""
        total = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                if not self._finished:  # the server also says so after a complete answer
                    task.cancel()
                return
            total += len(message.get("body", b""))
            if total > self._max_body:
                self._too_large = True
            await self._inbox.put(message)

    async def _next(self) -> Message:
        message = await self._inbox.get()
        if self._too_large:
            msg = f"the request's body is larger than {self._max_body} bytes"
            raise BodyTooLargeError(msg)
        return message

    async def _forward(self, message: Message) -> None:
        self._started = True
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._finished = True
        await self._send(message)
