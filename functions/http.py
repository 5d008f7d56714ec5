"""What every HTTP handler shares: problem documents, bodies with a limit, query parameters, work off the event loop."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from shared.problems import MEDIA_TYPE, ProblemError, bad_parameter, invalid_body, too_large

log = logging.getLogger(__name__)

API = "/api/v1"
MAX_BODY_BYTES = 1_000_000
MAX_PAGE = 500

_NUMBER = re.compile(r"[0-9]{1,9}")


def answers[**P](handler: Callable[P, Awaitable[Response]]) -> Callable[P, Awaitable[Response]]:
    """Wrap a handler so that every error leaves as a problem document and no traceback leaves at all."""

    @wraps(handler)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        request = next(value for value in (*args, *kwargs.values()) if isinstance(value, Request))
        try:
            return await handler(*args, **kwargs)
        except ProblemError as problem:
            return problem_response(problem, request)
        except Exception:  # the last line of defence: logged whole, told in one sentence
            log.exception("%s %s failed", request.method, request.url.path)
            detail = "Something failed on our side; it has been logged. Trying again later may help."
            return problem_response(ProblemError(500, "internal", "Internal error", detail), request)

    return wrapper


def problem_response(problem: ProblemError, request: Request) -> Response:
    """The response that says a problem."""
    body = json.dumps(problem.document(request.url.path)).encode()
    return Response(body, problem.status, media_type=MEDIA_TYPE)


def json_response(content: BaseModel | dict[str, Any], status: int = 200, **headers: str) -> Response:
    """A JSON response."""
    body = content.model_dump_json() if isinstance(content, BaseModel) else json.dumps(content)
    return Response(body.encode(), status, media_type="application/json", headers=headers)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body; `ProblemError` 413 as soon as it is known to be over `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)


async def json_body[M: BaseModel](request: Request, model: type[M]) -> M:
    """The body as `model`; `ProblemError` 400 when it is not JSON, 413 when too long, 422 when not valid."""
    body = await read_body(request, MAX_BODY_BYTES)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise ProblemError(400, "not-json", "The body is not JSON", found[0]["msg"])
    raise invalid_body([(one["loc"], one["msg"].removeprefix("Value error, ")) for one in found])


async def in_thread[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work without holding up other requests."""
    return await asyncio.to_thread(function, *args, **kwargs)


def page_size(request: Request, default: int = 50) -> int:
    """`?limit=`: results a page, 1 to 500."""
    return whole_number(request, "limit", default, lowest=1, highest=MAX_PAGE)


def whole_number(request: Request, name: str, default: int, *, lowest: int, highest: int) -> int:
    """A query parameter that is a whole number within bounds; `default` when it is not there."""
    text = request.query_params.get(name, str(default))
    if not _NUMBER.fullmatch(text) or not lowest <= int(text) <= highest:
        raise bad_parameter(name, f"a whole number from {lowest} to {highest}")
    return int(text)


def choice(request: Request, name: str, values: object) -> str | None:
    """A query parameter that must be one of the values of a `Literal`; None when it is not there."""
    text = request.query_params.get(name)
    allowed = get_args(values)
    if text is not None and text not in allowed:
        raise bad_parameter(name, "one of " + ", ".join(allowed))
    return text
