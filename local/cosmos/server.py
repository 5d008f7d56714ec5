"""The HTTP server around the gateway: aiohttp on the loopback interface, everything on one thread."""

from urllib.parse import unquote

from aiohttp import web

from local.cosmos.errors import CosmosError, TooLargeError
from local.cosmos.gateway import Gateway
from local.cosmos.store import Store
from local.cosmos.wire import Answer, Request, refused

# Above the service's own limit of 2 MB, so that a body a little too large is answered in the service's words.
_MAX_BODY_BYTES = 16 * 1024 * 1024
_CLOSE_SECONDS = 2.0


def application(gateway: Gateway) -> web.Application:
    """The web application that answers every path and method with the gateway's answer."""

    async def handle(request: web.Request) -> web.Response:
        answer = await _answer(gateway, request)
        # A 204 or 304 has no body, whatever it says.
        text = answer.body if answer.status not in {204, 304} else None
        headers = answer.all_headers(gateway.session_token())
        return web.Response(status=answer.status, body=text.encode() if text else None, headers=headers)

    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def _answer(gateway: Gateway, request: web.Request) -> Answer:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return refused(TooLargeError("Request size is too large"))
    path = request.raw_path.partition("?")[0].strip("/")
    segments = tuple(unquote(part) for part in path.split("/")) if path else ()
    try:
        return gateway.answer(Request(request.method, segments, request.headers, body))
    except Exception as error:
        request.app.logger.exception("%s %s failed", request.method, request.path)
        return refused(CosmosError(f"The stand-in has a fault: {error!r}"))


def serve(store: Store, *, host: str, port: int, key: str) -> None:
    """Answer on that port until SIGTERM or SIGINT; OSError when the port is taken."""
    gateway = Gateway(store, key=key, endpoint=f"http://{host}:{port}/")
    web.run_app(
        application(gateway), host=host, port=port, access_log=None, print=None, shutdown_timeout=_CLOSE_SECONDS
    )
