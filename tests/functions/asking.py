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
