"""Requests as the worker hands them to handlers, without a server."""

from inspect import unwrap
from typing import Any

from starlette.requests import Request
from starlette.types import Message

from shared.access import Principal


def request(
    query: str = "",
    headers: dict[str, str] | None = None,
    *chunks: bytes,
    principal: Principal | None = None,
    **path_params: str,
) -> Request:
    """A POST to /api/v1/things whose body comes in these chunks; with a `principal` it has been identified."""
    pieces = [*chunks] or [b""]

    async def receive() -> Message:
        body = pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(pieces)}

    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/things", "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "path_params": path_params, "state": {} if principal is None else {"principal": principal},
    }  # fmt: skip
    return Request(scope, receive)


def handler(built: Any) -> Any:
    """The handler alone, without the stages before it."""
    return unwrap(built._function.get_user_function())


def request_to(
    method: str,
    path: str,
    parameters: dict[str, str] | None = None,
    *,
    query: str = "",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
) -> Request:
    """A request to a route such as `v1/things/{thing}`, with these parameters in its path."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    told = parameters or {}
    scope = {
        "type": "http", "method": method, "path": f"/api/{path.format(**told)}", "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers or []],
        "path_params": told, "client": ("127.0.0.1", 50_000),
    }  # fmt: skip
    return Request(scope, receive)
