"""Parameters of operations as OpenAPI parameter objects: of the path, of the query, and headers that many share."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from functions.operations import Operation

type Schema = dict[str, Any]

EVENTS = "text/event-stream"
"""Whose bodies no schema of OpenAPI 3.1 describes: they are a sequence."""

_HEX = "0123456789abcdef0123456789abcdef"
_ID = "^[0-9a-f]{32}$"

PATH: dict[str, tuple[str, Schema]] = {
    "dataset": ("id of a dataset", {"pattern": _ID, "examples": [_HEX]}),
    "upload": ("id of an upload", {"pattern": _ID, "examples": [_HEX]}),
    "webhook": ("id of a webhook", {"pattern": _ID, "examples": [_HEX]}),
    "image": (
        "key of an image in its dataset: label, shard and place",
        {"pattern": r"^[a-z0-9-]{1,64}-[0-9]{5}-[0-9]{2}$", "examples": ["red-panda-00000-00"]},
    ),
    "format": ("name of an export", {"minLength": 1, "examples": ["imagefolder"]}),
    "prefix": ("the ten characters of a key after `pxc_`", {"minLength": 1, "examples": ["ab12cd34ef"]}),
}
"""What is known of parameters in paths, by name; any other is a string that is not empty."""

SHARED: dict[str, Schema] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "the same key and request again get the first answer again, and change nothing twice",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "only if the thing still has this ETag; 412 otherwise",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "304 without a body when the answer would have this ETag",
        "schema": {"type": "string"},
    },
    "LastEventId": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "id of the last event that was received: the stream goes on after it",
        "schema": {"type": "string", "maxLength": 20_000},
    },
    "TraceParent": {
        "name": "traceparent",
        "in": "header",
        "description": "the caller's trace (W3C Trace Context): what is logged and done for the request belongs to it",
        "schema": {"type": "string"},
    },
}
"""Header parameters, by their names in the document's components."""


def names_in(path: str) -> list[str]:
    """The parameters in a route, without the constraints that a route may have: `{n:int}` is `n`."""
    return re.findall(r"\{\*?(\w+)[^}]*\}", path)


def plain(path: str) -> str:
    """The route as OpenAPI writes it."""
    return re.sub(r"\{\*?(\w+)[^}]*\}", r"{\1}", path)


def conditional(operation: Operation) -> bool:
    """Whether answers carry an ETag and If-None-Match is heeded: reads that do not stream."""
    return operation.method == "GET" and not streams(operation)


def streams(operation: Operation) -> bool:
    """Whether it answers with server-sent events."""
    return any(body == (EVENTS,) for body in operation.answers.values())


def idempotent_by_key(operation: Operation) -> bool:
    """Whether Idempotency-Key is heeded: by POSTs of known callers."""
    return operation.method == "POST" and operation.role is not None


def parameters(operation: Operation, query: Schema | None) -> list[Schema]:
    """All parameters of an operation; `query` is the JSON schema of its query model."""
    found = [_in_path(name) for name in names_in(operation.path)]
    if query is not None:
        required = query.get("required", [])
        found += [_in_query(name, one, name in required) for name, one in query.get("properties", {}).items()]
    headers = {
        "IdempotencyKey": idempotent_by_key(operation),
        "IfMatch": HTTPStatus.PRECONDITION_FAILED in operation.problems,
        "IfNoneMatch": conditional(operation),
        "LastEventId": streams(operation),
        "TraceParent": True,
    }
    return found + [{"$ref": f"#/components/parameters/{name}"} for name, heeded in headers.items() if heeded]


def _in_path(name: str) -> Schema:
    description, schema = PATH.get(name, (name.replace("_", " "), {"minLength": 1}))
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **schema},
    }


def _in_query(name: str, schema: Mapping[str, Any], required: bool) -> Schema:
    told = {key: value for key, value in schema.items() if key not in {"description", "title"}}
    # None stands for a parameter that is left out: it cannot be sent.
    choices = [one for one in told.pop("anyOf", []) if one != {"type": "null"}]
    if len(choices) == 1:
        told = {**choices[0], **told}
    elif choices:
        told["anyOf"] = choices
    if told.get("default", ...) is None:
        del told["default"]
    parameter = {"name": name, "in": "query", "required": required, "schema": told}
    return {**parameter, "description": schema["description"]} if "description" in schema else parameter
