import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from functions import http
from shared.problems import ProblemError, not_found


def request(query: str = "", headers: dict[str, str] | None = None, *chunks: bytes) -> Request:
    pieces = [*chunks] or [b""]

    async def receive() -> Message:
        body = pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(pieces)}

    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/things", "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()], "path_params": {},
    }  # fmt: skip
    return Request(scope, receive)


def ask(handler: Callable[[Request], Awaitable[Response]], asked: Request) -> tuple[int, Any]:
    async def run() -> Response:
        return await http.answers(handler)(asked)

    answer = asyncio.run(run())
    return answer.status_code, json.loads(bytes(answer.body))


def test_a_problem_becomes_its_document() -> None:
    async def handler(_: Request) -> Response:
        raise not_found("thing")

    status, body = ask(handler, request())
    assert (status, body["status"], body["instance"]) == (404, 404, "/api/v1/things")


def test_whatever_else_fails_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(_: Request) -> Response:
        msg = "password=hunter2"
        raise RuntimeError(msg)

    with caplog.at_level(logging.ERROR):
        status, body = ask(handler, request())
    assert status == 500
    assert "hunter2" not in json.dumps(body)
    assert "RuntimeError" in caplog.text


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int


def read(asked: Request) -> Thing:
    return asyncio.run(http.json_body(asked, Thing))


def test_a_body_is_read_in_pieces() -> None:
    assert read(request("", None, b'{"si', b'ze": ', b"7}")).size == 7


NO_JSON = [b"", b"[", b"[" * 5_000]
NOT_VALID = [b"[]", b'{"size": "x"}', b'{"size": 1, "more": 2}', b'{"size": NaN}']


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [*((body, 400, "not-json") for body in NO_JSON), *((body, 422, "invalid-request") for body in NOT_VALID)],
)
def test_a_body_that_is_not_asked_for_is_a_problem(body: bytes, status: int, kind: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read(request("", None, body))
    assert (caught.value.status, caught.value.kind) == (status, kind)


def test_a_body_is_refused_as_soon_as_it_is_too_long() -> None:
    taken = []

    async def receive() -> Message:
        taken.append(1)
        return {"type": "http.request", "body": b" " * 400_000, "more_body": True}

    endless = Request({"type": "http", "headers": [], "method": "POST", "path": "/", "query_string": b""}, receive)
    with pytest.raises(ProblemError) as caught:
        read(endless)
    assert caught.value.status == 413
    assert len(taken) == 3


def test_a_body_announced_too_long_is_not_read_at_all() -> None:
    with pytest.raises(ProblemError) as caught:
        read(request("", {"content-length": "1000001"}, b"{}"))
    assert caught.value.status == 413


@pytest.mark.parametrize("text", ["0", "-1", "501", "x", "1e2", "", "٣", "9" * 5_000])
def test_a_page_has_1_to_500_items(text: str) -> None:
    with pytest.raises(ProblemError):
        http.page_size(request(f"limit={text}"))


def test_a_page_has_50_items_unless_told() -> None:
    assert (http.page_size(request()), http.page_size(request("limit=500"))) == (50, 500)


def test_blocking_work_leaves_the_event_loop() -> None:
    async def run() -> bool:
        return await http.in_thread(threading.current_thread) is not threading.main_thread()

    assert asyncio.run(run())
