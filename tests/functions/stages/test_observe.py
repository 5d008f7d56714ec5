import asyncio
import logging
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions import operations
from functions.operations import Blueprint
from shared.access import Principal
from shared.problems import ProblemError
from shared.telemetry import trace
from shared.telemetry.fields import fields
from tests.functions.asking import request
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ROUTE = "/api/v1/things/{dataset}"


def served(monkeypatch: pytest.MonkeyPatch, handler: Any) -> Any:
    """An operation that answers by this handler."""
    monkeypatch.setattr(operations, "OPERATIONS", [])
    handler.__doc__ = "Look."
    routes = Blueprint("things")
    built: Any = routes.operation("GET", "v1/things/{dataset}", role=None, answers={200: None})(handler)
    return built._function.get_user_function()


async def look(_: Request) -> Response:
    found = trace.ids()
    return Response(f"{found[0] if found else ''} {sorted(fields().items())}".encode())


async def limited(_: Request) -> Response:
    raise ProblemError(429, "slow", "Slow down", "Wait.")


async def broken(_: Request) -> Response:
    msg = "sig=secret"
    raise RuntimeError(msg)


def test_a_request_is_of_the_callers_trace_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = "ab" * 16
    somebody = Principal(tenant="acme", subject="k", role="viewer")
    asked = request(headers={"traceparent": PARENT}, principal=somebody, dataset=dataset)
    answer = asyncio.run(served(monkeypatch, look)(asked))
    known = {"dataset": dataset, "operation": "look", "route": ROUTE, "tenant": "acme"}
    assert answer.body.decode() == f"{PARENT[3:35]} {sorted(known.items())}"
    assert answer.headers["x-request-id"] == PARENT[3:35]
    assert answer.headers["traceparent"][:36] == PARENT[:36]
    assert answer.headers["traceparent"] != PARENT
    assert fields() == {}


def test_what_cannot_be_a_dataset_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = asyncio.run(served(monkeypatch, look)(request(dataset="alice@example.org")))
    assert b"alice" not in answer.body


def test_every_request_leaves_a_line(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        asyncio.run(served(monkeypatch, broken)(request()))
    [line] = [vars(one) for one in caplog.records if one.name == "functions.stages.observe"]
    assert (line["method"], line["status"]) == ("GET", 500)
    assert line["message"] == f"GET {ROUTE}: 500"
    assert 0 <= line["seconds"] < 10


def test_requests_and_refusals_are_counted(monkeypatch: pytest.MonkeyPatch, recorded: Recorded) -> None:
    for handler in (look, look, limited, broken):
        asyncio.run(served(monkeypatch, handler)(request()))
    counted = recorded()
    assert counted.pop(("pixcrawler.cost", "second")) >= 0
    assert counted == {
        ("http.server.request.duration", "GET", ROUTE, 200, "http"): 2,
        ("http.server.request.duration", "GET", ROUTE, 429, "http"): 1,
        ("http.server.request.duration", "GET", ROUTE, 500, "http"): 1,
        ("pixcrawler.refusals", ROUTE): 1,
        ("pixcrawler.cost", "execution"): 4,
    }


def test_a_caller_who_goes_away_is_counted(monkeypatch: pytest.MonkeyPatch, recorded: Recorded) -> None:
    async def leaves(_: Request) -> Response:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(served(monkeypatch, leaves)(request()))
    assert recorded()["http.server.request.duration", "GET", ROUTE, 499, "http"] == 1
