import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

import function_app  # noqa: F401 (declares all operations)
from functions import operations
from functions.description.openapi import describe, document
from functions.http import Query
from functions.operations import OPERATIONS, Blueprint

BY_NAME = {one.name: one for one in OPERATIONS}


def described() -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of everything in the document."""
    return [(path, method, one) for path, methods in document()["paths"].items() for method, one in methods.items()]


def by_name(name: str) -> dict[str, Any]:
    return next(one for _, _, one in described() if one["operationId"] == name)


class Box(BaseModel):
    """A box."""

    width: int = Field(ge=1, description="centimetres")


class BoxQuery(Query):
    """Which boxes."""

    colour: str | None = Field(default=None, description="of the lid")
    least: int


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The path item of operations that nothing here knows but their declarations, and the components."""
    monkeypatch.setattr(operations, "OPERATIONS", [])
    routes = Blueprint("boxes")

    @routes.operation(
        "POST", "v1/boxes/{box:int}", role="editor", query=BoxQuery, body=Box, answers={201: Box}, action="box.fill"
    )
    async def fill_box(request: Request) -> Response:
        """Fill a box.

        To the
        brim.
        """
        return Response()

    @routes.operation("GET", "v1/boxes/{box:int}", role=None, answers={200: ("image/*",)}, problems=(412,))
    async def show_box(request: Request) -> Response:
        """Show a box."""
        return Response()

    made = describe(operations.OPERATIONS)
    assert [error.message for error in OpenAPIV31SpecValidator(made).iter_errors()] == []
    return made


def test_the_document_is_valid() -> None:
    assert [f"{list(error.path)}: {error.message}" for error in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_it_is_json_and_made_once() -> None:
    assert json.loads(json.dumps(document())) == document()
    assert document() is document()


def test_every_operation_is_described() -> None:
    assert {(one["operationId"], method.upper(), path) for path, method, one in described()} == {
        (one.name, one.method, f"/api/{one.path}") for one in OPERATIONS
    }


def test_all_models_and_parameters_say_what_they_are() -> None:
    schemas = document()["components"]["schemas"]
    assert [name for name, schema in schemas.items() if "description" not in schema and "enum" not in schema] == []
    unsaid = [
        f"{one['operationId']} {given['name']}"
        for _, _, one in described()
        for given in one["parameters"]
        if "$ref" not in given and "description" not in given
    ]
    assert unsaid == []


def test_references_lead_somewhere() -> None:
    for ref in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document()))):
        found: Any = document()
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]
        assert found


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_what_needs_a_role_says_so(operation: operations.Operation) -> None:
    told = by_name(operation.name)
    assert told.get("x-required-role") == operation.role
    assert bool(told["security"]) == (operation.role is not None)
    assert ({"401", "403", "429"} <= set(told["responses"])) == (operation.role is not None)


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if isinstance(one.body, type)], ids=lambda one: one.name
)
def test_examples_are_what_the_operation_takes(operation: operations.Operation) -> None:
    shown = by_name(operation.name)["requestBody"]["content"]["application/json"]["examples"]
    assert shown
    for one in shown.values():
        operation.body.model_validate_json(json.dumps(one["value"]))  # type: ignore[union-attr] # chosen above


def test_a_new_operation_needs_nothing_but_its_declaration(boxes: dict[str, Any]) -> None:
    fill = boxes["paths"]["/api/v1/boxes/{box}"]["post"]
    assert (fill["summary"], fill["description"], fill["tags"]) == ("Fill a box", "To the brim.", ["boxes"])
    assert set(fill["responses"]) == {
        "201", "400", "401", "403", "404", "409", "413", "422", "429", "500", "503",
    }  # fmt: skip
    example = fill["requestBody"]["content"]["application/json"]["examples"]["least"]["value"]
    assert example == {"width": 1}
    assert boxes["components"]["schemas"]["Box"]["properties"]["width"]["description"] == "centimetres"
    assert "BoxQuery" not in boxes["components"]["schemas"]


def test_parameters_follow_from_path_query_and_what_is_heeded(boxes: dict[str, Any]) -> None:
    both = boxes["paths"]["/api/v1/boxes/{box}"]
    colour, least = both["post"]["parameters"][1:3]
    assert colour == {
        "name": "colour", "in": "query", "required": False, "schema": {"type": "string"}, "description": "of the lid",
    }  # fmt: skip
    assert (least["name"], least["required"], least["schema"]) == ("least", True, {"type": "integer"})
    heeded = {
        method: [one["$ref"].rpartition("/")[2] for one in told["parameters"] if "$ref" in one]
        for method, told in both.items()
    }
    assert heeded == {"post": ["IdempotencyKey", "TraceParent"], "get": ["IfMatch", "IfNoneMatch", "TraceParent"]}
    assert set(both["get"]["responses"]) == {"200", "304", "404", "412", "500"}
    assert set(both["get"]["responses"]["200"]["headers"]) == {"ETag"}
