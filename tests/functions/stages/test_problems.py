import asyncio
import json
import logging
from typing import Any

import pytest
from starlette.responses import Response

from functions.operations import Operation
from functions.stages import Proceed, problems
from shared.problems import not_found, unauthorized
from tests.functions.asking import request

ANY = Operation("list_things", "GET", "v1/things", "viewer", "Things", "", {200: None})


def ask(handler: Proceed) -> tuple[Response, Any]:
    answer = asyncio.run(problems.stage(ANY, request(), handler))
    return answer, json.loads(bytes(answer.body))


def test_a_problem_becomes_its_document() -> None:
    async def handler() -> Response:
        raise not_found("thing")

    answer, body = ask(handler)
    assert (answer.status_code, body["status"], body["instance"]) == (404, 404, "/api/v1/things")


def test_a_problem_brings_its_headers() -> None:
    async def handler() -> Response:
        raise unauthorized("Send a key.")

    answer, _ = ask(handler)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_whatever_else_fails_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async def handler() -> Response:
        msg = "password=hunter2"
        raise RuntimeError(msg)

    with caplog.at_level(logging.ERROR):
        answer, body = ask(handler)
    assert answer.status_code == 500
    assert "hunter2" not in json.dumps(body)
    assert "RuntimeError" in caplog.text
