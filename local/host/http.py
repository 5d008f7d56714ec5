"""The host's HTTP face: finds the function for a request, checks its key, calls it, sends what it returns."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.host.context import HostTraceContext
from local.host.errors import UnsupportedFeatureError
from local.host.exchange import Exchange, Handler
from local.host.functions import Function
from local.host.invocation import Invoker
from local.host.routes import Route, RouteError, parse_route


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An HTTP function with its route; no methods means all of them."""

    function: Function
    route: Route
    methods: frozenset[str]
    anonymous: bool


@dataclass(frozen=True, slots=True)
class Keys:
    """The function keys that are accepted, compared in constant time."""

    accepted: Sequence[SecretStr]

    def allow(self, request: Request) -> bool:
        """Whether the request carries one, in the header `x-functions-key` or as the query's `code`."""
        given = request.headers.get("x-functions-key") or request.query_params.get("code") or ""
        return any(hmac.compare_digest(given.encode(), key.get_secret_value().encode()) for key in self.accepted)


def read_endpoints(functions: Sequence[Function], prefix: str) -> tuple[Endpoint, ...]:
    """The HTTP functions, best match first; UnsupportedFeatureError when a route cannot be understood."""
    endpoints = [_endpoint(f, prefix) for f in functions if f.trigger.type == "httpTrigger"]
    return tuple(sorted(endpoints, key=lambda endpoint: endpoint.route.rank))


def _endpoint(function: Function, prefix: str) -> Endpoint:
    properties = function.trigger.properties
    own = properties.get("route")
    path = function.name if own is None else str(own)
    try:
        route = parse_route("/".join(part for part in (prefix.strip("/"), path.strip("/")) if part))
    except RouteError as error:
        msg = f"{function.name}: {error}"
        raise UnsupportedFeatureError(msg) from error
    methods = frozenset(str(method).upper() for method in properties.get("methods") or ())
    anonymous = str(properties.get("authLevel") or "function").lower() == "anonymous"
    return Endpoint(function, route, methods, anonymous)


class HttpHost:
    """An ASGI app over the HTTP functions; `system` answers the host's own paths, by their first segment."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        invoker: Invoker,
        keys: Keys,
        *,
        max_body: int,
        system: Mapping[str, Handler],
    ) -> None:
        self._endpoints, self._invoker, self._keys = endpoints, invoker, keys
        self._max_body, self._system = max_body, system

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":  # no function can take a WebSocket
            return
        await Exchange(scope, receive, send, max_body=self._max_body).run(self._find(scope))

    def _find(self, scope: Scope) -> Handler:
        raw_path = scope["raw_path"].decode("latin-1").lstrip("/")
        system = self._system.get(raw_path.split("/", 1)[0])
        if system:
            return system
        for endpoint in self._endpoints:
            if endpoint.methods and scope["method"] not in endpoint.methods:
                continue
            values = endpoint.route.match(raw_path)
            if values is not None:
                return self._handler(endpoint, values)
        # A known path with another method is 404 too: https://github.com/Azure/azure-functions-host/issues/10098
        return Response(status_code=404)

    def _handler(self, endpoint: Endpoint, values: dict[str, str]) -> Handler:
        async def handle(scope: Scope, receive: Receive, send: Send) -> None:
            scope["path_params"] = values
            request = Request(scope, receive, send)
            if not endpoint.anonymous and not self._keys.allow(request):
                await Response(status_code=401)(scope, receive, send)
                return

            async def answer(response: object) -> None:
                if not isinstance(response, Response):
                    msg = f"{endpoint.function.name} returned {type(response).__name__}: return a starlette Response"
                    raise TypeError(msg)
                await response(scope, receive, send)

            trace = HostTraceContext(request.headers.get("traceparent", ""), request.headers.get("tracestate", ""))
            await self._invoker.invoke(endpoint.function, request, trace=trace, deliver=answer)

        return handle
