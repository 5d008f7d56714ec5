"""What HTTP handlers share: bodies with a limit, query parameters, answers, work off the event loop."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from shared.problems import ProblemError, bad_parameter, invalid_body, too_large

API = "/api/v1"
MAX_BODY_BYTES = 1_000_000

_NUMBER = re.compile(r"[0-9]{1,9}")


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
        return model.model_validate_json(body, strict=True)  # as JSON Schema has it: "5" is no number
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise ProblemError(400, "not-json", "The body is not JSON", found[0]["msg"])
    raise invalid_body([(one["loc"], one["msg"].removeprefix("Value error, ")) for one in found])


async def in_thread[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work without holding up other requests."""
    return await asyncio.to_thread(function, *args, **kwargs)


def _digits(text: object) -> object:
    """Only ASCII digits: int() would also take signs, blanks and underscores."""
    if isinstance(text, str) and not _NUMBER.fullmatch(text):
        msg = "a whole number is wanted"
        raise ValueError(msg)
    return text


Whole = Annotated[int, BeforeValidator(_digits)]
"""A whole number in a query."""


def _true_or_false(text: object) -> object:
    """Only the two words: Pydantic would also take 1, yes, on and the like."""
    if isinstance(text, str) and text not in {"true", "false"}:
        msg = "true or false is wanted"
        raise ValueError(msg)
    return text


Flag = Annotated[bool, BeforeValidator(_true_or_false)]
"""True or false in a query."""


class Query(BaseModel):
    """Base of the models of query parameters: what an operation does not know is refused, not passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class PageQuery(Query):
    """A page of a list."""

    limit: Whole = Field(default=50, ge=1, le=500, description="results on a page")
    cursor: str | None = Field(
        default=None, description="`next` of the page before", max_length=10_000, pattern=r"^[A-Za-z0-9_=-]*$"
    )


def asked[M: Query](request: Request, model: type[M]) -> M:
    """The query parameters as `model`; `ProblemError` 400 naming the first that is not valid."""
    given = request.query_params
    twice = next((name for name in given if len(given.getlist(name)) > 1), None)
    if twice is not None:
        raise bad_parameter(twice, "given more than once")
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
    raise bad_parameter(str(fault["loc"][0]), fault["msg"].removeprefix("Value error, "))
