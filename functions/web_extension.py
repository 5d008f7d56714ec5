"""The web extension that lets the Python worker give HTTP handlers a Starlette `Request`: Starlette and uvicorn alone.

Importing this module registers it with `azurefunctions.extensions.base`; the worker then imports it by name and uses
`WebApp` and `WebServer`. It takes the place of azurefunctions-extensions-http-fastapi, whose FastAPI no handler uses
and every cold start would pay for. Handlers annotate `starlette.requests.Request` and return a Starlette `Response`.
"""

from collections.abc import Awaitable, Callable

from azurefunctions.extensions import base
from starlette import requests, responses
from starlette.applications import Starlette
from starlette.routing import Route

_METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]

type Endpoint = Callable[[requests.Request], Awaitable[responses.Response]]


class RequestSynchronizer(base.RequestSynchronizer):
    """Puts the route parameters that the host found onto the request."""

    def sync_route_params(self, request: requests.Request, path_params: dict[str, str]) -> None:
        """Replace what this module's own catch-all route put there."""
        request.path_params.clear()
        request.path_params.update(path_params)


class Request(metaclass=base.RequestTrackerMeta):
    """What handlers take; the worker accepts subclasses too."""

    request_type = requests.Request
    synchronizer = RequestSynchronizer()


class Response(metaclass=base.ResponseTrackerMeta):
    """What handlers return; every other response is a subclass, which the worker accepts."""

    label = base.ResponseLabels.STANDARD
    response_type = responses.Response


class StreamingResponse(metaclass=base.ResponseTrackerMeta):
    """A body of unknown length, sent as it comes."""

    label = base.ResponseLabels.STREAMING
    response_type = responses.StreamingResponse


class JSONResponse(metaclass=base.ResponseTrackerMeta):
    """A JSON body."""

    label = base.ResponseLabels.JSON
    response_type = responses.JSONResponse


class HTMLResponse(metaclass=base.ResponseTrackerMeta):
    """An HTML body."""

    label = base.ResponseLabels.HTML
    response_type = responses.HTMLResponse


class PlainTextResponse(metaclass=base.ResponseTrackerMeta):
    """A plain text body."""

    label = base.ResponseLabels.PLAIN_TEXT
    response_type = responses.PlainTextResponse


class RedirectResponse(metaclass=base.ResponseTrackerMeta):
    """A redirect."""

    label = base.ResponseLabels.REDIRECT
    response_type = responses.RedirectResponse


class FileResponse(metaclass=base.ResponseTrackerMeta):
    """A file's bytes."""

    label = base.ResponseLabels.FILE
    response_type = responses.FileResponse


class WebApp(base.WebApp):
    """The worker's own HTTP app: one endpoint for every path, which the worker matches to invocations by header."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def route(self, func: Endpoint) -> Endpoint:
        """Decorator: `func` answers every request."""
        self._routes.append(Route("/{path:path}", func, methods=_METHODS))
        return func

    def get_app(self) -> Starlette:
        """The ASGI app."""
        return Starlette(routes=self._routes)


class WebServer(base.WebServer):
    """Serves a `WebApp` where the worker told the host that it listens."""

    async def serve(self) -> None:
        """Serve until the worker ends."""
        import uvicorn

        config = uvicorn.Config(
            self.web_app, host=self.hostname, port=self.port, lifespan="off", log_config=None, access_log=False
        )
        await uvicorn.Server(config).serve()
