"""The host's own paths: `GET /admin/host/status`, and `POST /admin/functions/{name}` to run a function by hand.

https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from local.host.http import Keys

# Takes the text of `input`; whoever starts a function this way does not wait for it.
type Run = Callable[[str], Awaitable[None]]


class Admin:
    """Answers under `/admin`; needs a key once the host was given one, and is open on loopback otherwise."""

    def __init__(self, host_id: str, runnable: Mapping[str, Run], keys: Keys) -> None:
        self._host_id, self._keys = host_id, keys
        self._runnable = {name.lower(): run for name, run in runnable.items()}
        self._start = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive, send)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self._keys.accepted and not self._keys.allow(request):
            return Response(status_code=401)
        match request.method, request.url.path.strip("/").split("/"):
            case "GET", ["admin", "host", "status"]:
                uptime = round((time.monotonic() - self._start) * 1000)
                return JSONResponse({"id": self._host_id, "state": "Running", "processUptime": uptime})
            case "POST", ["admin", "functions", name]:
                return await self._run(name, request)
        return Response(status_code=404)

    async def _run(self, name: str, request: Request) -> Response:
        run = self._runnable.get(name.lower())
        if run is None:
            return _problem(404, f"there is no function {name} that can be run by hand: timers and queues can")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _problem(415, "send application/json")
        try:
            value = json.loads(await request.body() or b"{}").get("input") or ""
        except (ValueError, AttributeError):
            return _problem(400, 'send a JSON object: {"input": "..."}')
        await run(str(value))
        return Response(status_code=202)


def _problem(status: int, detail: str) -> Response:
    body = {"status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")
