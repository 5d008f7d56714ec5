"""Requests as the worker hands them to handlers, without a server."""

from starlette.requests import Request
from starlette.types import Message


def request(query: str = "", headers: dict[str, str] | None = None, *chunks: bytes) -> Request:
    """A POST to /api/v1/things whose body comes in these chunks."""
    pieces = [*chunks] or [b""]

    async def receive() -> Message:
        body = pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(pieces)}

    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/things", "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()], "path_params": {},
    }  # fmt: skip
    return Request(scope, receive)
