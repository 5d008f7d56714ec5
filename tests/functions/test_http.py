import asyncio
import threading

import pytest
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.types import Message

from functions import http
from shared.problems import ProblemError
from tests.functions.asking import request


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
        http.asked(request(f"limit={text}"), http.PageQuery)


def test_a_page_has_50_items_unless_told() -> None:
    asked = [http.asked(request(query), http.PageQuery).limit for query in ("", "limit=500")]
    assert asked == [50, 500]


def test_blocking_work_leaves_the_event_loop() -> None:
    async def run() -> bool:
        return await http.in_thread(threading.current_thread) is not threading.main_thread()

    assert asyncio.run(run())


def test_what_an_operation_does_not_know_is_not_passed_over() -> None:
    with pytest.raises(ProblemError) as caught:
        http.asked(request("limt=5"), http.PageQuery)
    assert caught.value.errors[0].pointer == "?limt"


def test_a_parameter_that_is_given_twice_is_refused() -> None:
    with pytest.raises(ProblemError):
        http.asked(request("limit=5&limit=6"), http.PageQuery)


class Flags(http.Query):
    sure: http.Flag = False


@pytest.mark.parametrize(("query", "sure"), [("", False), ("sure=true", True), ("sure=false", False)])
def test_a_flag_is_true_or_false(query: str, sure: bool) -> None:
    assert http.asked(request(query), Flags).sure is sure


@pytest.mark.parametrize("text", ["1", "yes", "True", "", "0"])
def test_nothing_else_is_a_flag(text: str) -> None:
    with pytest.raises(ProblemError, match="true or false"):
        http.asked(request(f"sure={text}"), Flags)
