"""The OpenAPI 3.1 document of all operations. Nothing is written down here that an operation declares."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from functions.description.answers import HEADERS, content, responses
from functions.description.examples import examples
from functions.description.parameters import SHARED, parameters, plain
from functions.http import API
from functions.operations import OPERATIONS, Body, Operation
from shared.problem_types import Problem

type Schema = dict[str, Any]

_REF = "#/components/schemas/{model}"
_SCHEME = "bearer"
_PREFIX = API.removesuffix("/v1")

INTRODUCTION = """\
Say what you want pictures of; get back a clean, licensed, deduplicated, split and documented image dataset.

Every request but those that need no role carries `Authorization: Bearer` with an API key (`pxc_...`) or a token of an
issuer that the operator has configured. What belongs to another tenant answers 404, as if it were not there.

Unknown members of a body and unknown parameters of a query are refused, not passed over. Errors are problem documents
(RFC 9457). A POST may carry an Idempotency-Key: the same request sent again is answered as the first time. Reads carry
an ETag; If-None-Match saves the body, and If-Match keeps a change from undoing another's. Lists come in pages: send
`next` of one page as `cursor` of the next; on the last, `next` is null."""

TAGS = {
    "datasets": "What is built: asked for, watched, cancelled, deleted.",
    "images": "The candidates of a dataset, and what became of each.",
    "exports": "The finished dataset as files.",
    "uploads": "Your own images and URL lists.",
    "webhooks": "Being told when something has happened.",
    "keys": "API keys of the tenant, and who the caller is.",
    "usage": "Quotas, and what has been used of them.",
    "health": "For probes and load balancers; without credentials.",
    "description": "This description, in three forms; without credentials.",
}
"""What groups of operations are about, in the order in which they are shown; groups without a line come after."""


@lru_cache(maxsize=1)
def document() -> Schema:
    """The document of the operations of this app; it is made once."""
    return describe(OPERATIONS)


def describe(operations: Sequence[Operation]) -> Schema:
    """The OpenAPI document of these operations."""
    answered = _models(body for operation in operations for body in operation.answers.values())
    taken: set[type[BaseModel]] = {Problem, *_models(operation.body for operation in operations)}
    asked = {one.query for one in operations if one.query is not None}
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((one, "serialization") for one in sorted(answered, key=_name)),
        *((one, "validation") for one in sorted(taken | asked, key=_name)),
    ]
    refs, found = models_json_schema(wanted, ref_template=_REF)
    schemas: Schema = found.get("$defs", {})
    queries = {one: schemas[_referred(refs[one, "validation"])] for one in asked}
    paths: Schema = {}
    for operation in operations:
        path = paths.setdefault(f"{_PREFIX}/{plain(operation.path)}", {})
        path[operation.method.lower()] = _described(operation, queries, refs, schemas)
    for one in asked:  # their fields stand as parameters
        schemas.pop(_referred(refs[one, "validation"]), None)
    names = {one.tag for one in operations}
    tags = [*(one for one in TAGS if one in names), *sorted(names - set(TAGS))]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PixCrawler",
            "version": "1",
            "summary": "Image datasets from keywords",
            "description": INTRODUCTION,
        },
        "servers": [{"url": "/", "description": "where this document comes from"}],
        "tags": [{"name": one, **({"description": TAGS[one]} if one in TAGS else {})} for one in tags],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "parameters": SHARED,
            "headers": HEADERS,
            "securitySchemes": {
                _SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "API key (`pxc_...`) or JWT",
                    "description": "an API key of your tenant, or a token of a configured OpenID Connect issuer",
                }
            },
        },
    }


def _models(bodies: Iterable[Body | None]) -> set[type[BaseModel]]:
    return {one for one in bodies if one is not None and not isinstance(one, tuple)}


def _described(operation: Operation, queries: dict[type[BaseModel], Schema], refs: Any, schemas: Schema) -> Schema:
    def answer(model: type[BaseModel]) -> Schema:
        return dict(refs[model, "validation" if model is Problem else "serialization"])

    told: Schema = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters(operation, queries[operation.query] if operation.query else None),
        "responses": responses(operation, answer),
        "security": [{_SCHEME: []}] if operation.role else [],
    }
    if operation.description:
        told["description"] = operation.description
    if operation.role:
        told["x-required-role"] = operation.role
    if operation.body is not None:
        media = content(operation.body, lambda model: dict(refs[model, "validation"]))
        schema = next(iter(media.values()))["schema"]
        shown = {name: {"value": one} for name, one in examples(operation, schema, schemas).items()}
        first = next(iter(media))
        told["requestBody"] = {
            "required": True,
            "content": {name: {**one, **({"examples": shown} if name == first else {})} for name, one in media.items()},
        }
    return told


def _referred(ref: Any) -> str:
    return str(ref["$ref"]).rpartition("/")[2]


def _name(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__qualname__}"
