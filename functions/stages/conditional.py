"""A stage: reads carry an ETag of what they answer, and answer 304 to who has that already (RFC 9110, section 13)."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed

_OK, _NOT_MODIFIED = 200, 304
_REVALIDATE = "private, no-cache"


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Tag the body of a GET, unless the handler did; nothing of the body is sent to who names its tag."""
    response = await proceed()
    if operation.method != "GET" or response.status_code != _OK or isinstance(response, StreamingResponse):
        return response
    if "etag" not in response.headers:
        response.headers["etag"] = etag_of(bytes(response.body))
        response.headers.setdefault("cache-control", _REVALIDATE)
    return unchanged(request, response.headers) or response


def unchanged(request: Request, headers: Mapping[str, str]) -> Response | None:
    """304 when If-None-Match names the ETag that an answer with these headers has, else None: for handlers that know
    the tag before they have read what would be answered."""
    if not matches(request.headers.get("if-none-match"), headers["etag"]):
        return None
    kept = {name: value for name, value in headers.items() if name in {"etag", "cache-control", "vary"}}
    kept.setdefault("cache-control", _REVALIDATE)
    return Response(status_code=_NOT_MODIFIED, headers=kept)


def etag_of(body: bytes) -> str:
    """A strong entity tag: same bytes, same tag."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(condition: str | None, etag: str) -> bool:
    """Whether `If-None-Match` or `If-Match` names this tag: a list of tags, weak ones too, or `*`."""
    if condition is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
