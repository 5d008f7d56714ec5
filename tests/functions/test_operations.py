import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

import function_app  # noqa: F401 (declares all operations)
from functions import operations
from functions.operations import OPERATIONS, Blueprint
from tests.functions.asking import request


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> Blueprint:
    monkeypatch.setattr(operations, "OPERATIONS", [])
    return Blueprint("things")


def test_what_changes_something_names_its_action() -> None:
    assert all(bool(one.action) == (one.method != "GET") for one in OPERATIONS)


def test_a_change_without_an_action_is_not_declared(routes: Blueprint) -> None:
    async def make_thing(_: Request) -> Response:
        """Make a thing."""
        return Response()

    with pytest.raises(ValueError, match="action"):
        routes.operation("POST", "v1/things", role="editor", answers={200: None})(make_thing)


def test_an_operation_is_declared_once(routes: Blueprint) -> None:
    async def list_things(_: Request) -> Response:
        """List things."""
        return Response()

    routes.operation("GET", "v1/things", role=None, answers={200: None})(list_things)
    with pytest.raises(ValueError, match="twice"):
        routes.operation("GET", "v1/things", role=None, answers={200: None})(list_things)


def test_a_handler_is_reached_through_the_stages(routes: Blueprint) -> None:
    async def list_things(asked: Request) -> Response:
        """List things.

        All of
        them.
        """
        return Response(asked.state.operation.summary.encode())

    built: Any = routes.operation("GET", "v1/things", role=None, answers={200: None})(list_things)
    answer = asyncio.run(built._function.get_user_function()(request()))
    assert (answer.body, "etag" in answer.headers) == (b"List things", True)
    assert operations.OPERATIONS[0].description == "All of them."


def test_every_operation_says_what_it_is_for() -> None:
    assert all(one.summary and one.tag and one.answers for one in OPERATIONS)
