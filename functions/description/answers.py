"""Answers of operations as OpenAPI response objects: those declared, and problems that follow from what is taken."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from functions.description.parameters import EVENTS, conditional, idempotent_by_key, names_in, streams
from functions.operations import Body, Operation
from shared.problem_types import Problem, of_status
from shared.problems import MEDIA_TYPE

type Schema = dict[str, Any]
type Ref = Callable[[type[BaseModel]], Schema]
"""The reference to a model's schema among the components."""

_TEXT = {"type": "string"}
_BYTES = {"type": "string", "format": "binary"}

HEADERS: dict[str, Schema] = {
    "ETag": {"description": "tag of what is answered, for If-None-Match and If-Match", "schema": _TEXT},
    "Location": {"description": "where what was made is", "schema": _TEXT},
    "Idempotency-Replayed": {
        "description": "`true`: this is the answer of the first request with the Idempotency-Key",
        "schema": {"const": "true"},
    },
    "RateLimit": {
        "description": 'what is left of a policy, as `"policy";r=left;t=seconds until all is back`',
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": 'what a policy allows, as `"policy";q=requests at once;w=seconds until all is back`',
        "schema": _TEXT,
    },
    "Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "what is wrong with the credentials (RFC 6750)", "schema": _TEXT},
}


def responses(operation: Operation, ref: Ref) -> dict[str, Schema]:
    """All answers of an operation by status, in order."""
    found = {status: _answer(operation, status, body, ref) for status, body in operation.answers.items()}
    if conditional(operation):
        found[304] = {"description": "It is what If-None-Match names", "headers": _headers("ETag")}
    for status in problem_statuses(operation):
        problem = _problem(operation, status, ref)
        if status in found:  # an answer of its own kind, and problems of the stages
            found[status].setdefault("content", {}).update(problem["content"])
        else:
            found[status] = problem
    return {str(status): found[status] for status in sorted(found)}


def problem_statuses(operation: Operation) -> set[int]:
    """The statuses of problems: declared, and those that follow from role, parameters and body."""
    found = {500, *operation.problems}
    if operation.role is not None:
        found |= {401, 403, 429, 503}
    if operation.query is not None or idempotent_by_key(operation):
        found.add(400)
    if names_in(operation.path):
        found.add(404)
    if idempotent_by_key(operation):
        found.add(409)
    if operation.body is not None:
        found |= {413, 422}
        if not isinstance(operation.body, tuple):
            found.add(400)
    return found


def content(body: Body, ref: Ref) -> Mapping[str, Schema]:
    """A body as media type objects."""
    if not isinstance(body, tuple):
        return {"application/json": {"schema": ref(body)}}
    return {one: {} if one == EVENTS else {"schema": _schema(one)} for one in body}


def _schema(media_type: str) -> Schema:
    if media_type == "application/json" or media_type.endswith("+json"):
        return {"type": "object"}
    text = media_type.startswith("text/") or media_type in {"application/jsonl", "application/x-ndjson"}
    return dict(_TEXT if text else _BYTES)


def _answer(operation: Operation, status: int, body: Body | None, ref: Ref) -> Schema:
    names = []
    if operation.method == "GET" and status == HTTPStatus.OK and not streams(operation):
        names.append("ETag")
    if operation.method == "POST" and status in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
        names.append("Location")
    if idempotent_by_key(operation) and operation.replayable:
        names.append("Idempotency-Replayed")
    told: Schema = {"description": _said(status, body), "headers": _headers(*names, *_rate(operation))}
    if body is not None:
        told["content"] = dict(content(body, ref))
    return told


def _said(status: int, body: Body | None) -> str:
    if isinstance(body, type) and body.__doc__:
        return body.__doc__.partition("\n")[0]
    return HTTPStatus(status).phrase


def _problem(operation: Operation, status: int, ref: Ref) -> Schema:
    kinds = ", ".join(f"`{kind}`" for kind in of_status(status))
    names = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 409: ["Retry-After"], 503: ["Retry-After"]}
    return {
        "description": f"{HTTPStatus(status).phrase}: {kinds}" if kinds else HTTPStatus(status).phrase,
        "headers": _headers(*names.get(status, []), *_rate(operation)),
        "content": {MEDIA_TYPE: {"schema": ref(Problem)}},
    }


def _rate(operation: Operation) -> tuple[str, ...]:
    return ("RateLimit", "RateLimit-Policy") if operation.role is not None else ()


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
