import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions.audit import list_audit
from functions.operations import Operation
from functions.stages import audit as stages
from functions.stages import observe, problems
from functions.stages.audit import note
from shared import audit
from shared.access import Principal
from shared.problems import ProblemError, conflict, forbidden, not_found, unauthorized
from shared.settings import settings
from shared.telemetry import trace
from tests.functions.asking import handler, request

pytestmark = pytest.mark.usefixtures("stores")

MAKE = Operation("make_thing", "POST", "v1/things", "editor", "Make", "", {201: None}, action="thing.make")
READ = Operation("list_things", "GET", "v1/things", "viewer", "Things", "", {200: None})
DATASET = "0123456789abcdef" * 2
SECRET = "s3cr3t"

Work = Callable[[Request], Awaitable[Response]]


def asking(owner: str, **path: str) -> Request:
    headers = {"authorization": f"Bearer {SECRET}", "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    principal = Principal(owner, "me@a.example", "editor")
    return request(f"sig={SECRET}", headers, SECRET.encode(), principal=principal, **path)


async def ask(owner: str, work: Work, operation: Operation = MAKE, **path: str) -> Response:
    asked = asking(owner, **path)
    with trace.span("request", asked.headers["traceparent"]):  # as the outermost stage does
        return await problems.stage(operation, asked, lambda: stages.stage(operation, asked, lambda: work(asked)))


async def lines(owner: str, query: str = "") -> list[dict[str, Any]]:
    answer: Response = await handler(list_audit)(request(query, principal=Principal(owner, "key:a", "admin")))
    found: list[dict[str, Any]] = json.loads(bytes(answer.body))["lines"]
    return found


async def made(asked: Request) -> Response:
    note(asked, images=3)
    return Response(status_code=201, headers={"location": f"/api/v1/datasets/{DATASET}"})


async def test_a_change_is_told_before_and_after(owner: str) -> None:
    seen: list[list[dict[str, Any]]] = []

    async def work(asked: Request) -> Response:
        seen.append(await lines(owner))
        return await made(asked)

    assert (await ask(owner, work, thing="t")).status_code == 201
    after, before = await lines(owner)
    assert seen == [[before]]
    assert (before["outcome"], before["status"], before["dataset"]) == ("begun", None, None)
    assert (after["outcome"], after["status"], after["dataset"]) == ("done", 201, DATASET)
    assert after["facts"] == {"images": 3, "made": DATASET}
    same = {"action": "thing.make", "role": "editor", "target": {"thing": "t"}, "trace": "ab" * 16}
    assert all(after[name] == before[name] == value for name, value in same.items())
    assert after["request"] == before["request"]
    assert after["subject"].startswith("sha256:")
    assert SECRET not in json.dumps([before, after])


@pytest.mark.parametrize(
    ("error", "outcome", "status"),
    [(not_found("thing"), "refused", 404), (conflict("No."), "refused", 409), (ValueError("x"), "failed", 500)],
)
async def test_an_attempt_is_told_too(owner: str, error: Exception, outcome: str, status: int) -> None:
    async def work(_: Request) -> Response:
        raise error

    assert (await ask(owner, work, dataset=DATASET)).status_code == status
    after, before = await lines(owner, f"dataset={DATASET}")
    assert [(one["outcome"], one["status"]) for one in (before, after)] == [("begun", None), (outcome, status)]


async def test_reading_leaves_nothing(owner: str) -> None:
    await ask(owner, made, READ)
    assert await lines(owner) == []


async def test_who_may_not_is_told_once(owner: str) -> None:
    asked = asking(owner)

    async def refuse() -> Response:
        raise forbidden("No.")

    with pytest.raises(ProblemError):
        await stages.attempts(MAKE, asked, refuse)
    assert [(one["outcome"], one["status"]) for one in await lines(owner)] == [("refused", 403)]
    with pytest.raises(ProblemError):
        await stages.attempts(MAKE, asked, lambda: stages.stage(MAKE, asked, refuse))
    assert [one["outcome"] for one in await lines(owner)] == ["refused", "begun", "refused"]
    with pytest.raises(ProblemError):
        await stages.attempts(READ, asking(owner), refuse)
    assert len(await lines(owner)) == 3


async def test_who_is_not_known_is_only_logged(owner: str, caplog: pytest.LogCaptureFixture) -> None:
    async def refuse() -> Response:
        raise unauthorized("Who?")

    with caplog.at_level(logging.WARNING), pytest.raises(ProblemError):
        await stages.attempts(MAKE, request(f"sig={SECRET}"), refuse)
    assert "POST v1/things" in caplog.text
    assert SECRET not in caplog.text


async def test_what_cannot_be_written_down_is_not_done(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Request] = []

    async def work(asked: Request) -> Response:
        done.append(asked)
        return await made(asked)

    monkeypatch.setattr(audit, "NAME", "no-such-container")
    assert (await ask(owner, work)).status_code == 503
    assert done == []


async def test_what_was_done_stands_when_its_end_cannot_be_written(
    owner: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(asked: Request) -> Response:
        monkeypatch.setattr(audit, "NAME", "no-such-container")
        return await made(asked)

    assert (await ask(owner, work)).status_code == 201
    monkeypatch.undo()
    settings.cache_clear()
    assert [one["outcome"] for one in await lines(owner)] == ["begun"]
    assert "cannot be written down" in caplog.text


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-11-22T00:00:00", "limit=0", "who=me"])
async def test_a_filter_that_makes_no_sense_is_refused(owner: str, query: str) -> None:
    with pytest.raises(ProblemError) as caught:
        await lines(owner, query)
    assert caught.value.status == 400


async def test_a_time_is_given_with_its_zone(owner: str) -> None:
    await ask(owner, made)
    assert len(await lines(owner, "from=2026-11-22T00:00:00Z&to=2999-01-01T00:00:00%2B01:00")) == 2
    assert await lines(owner, "from=2999-01-01T00:00:00Z") == []


async def test_a_request_that_names_no_trace_has_the_one_that_its_answer_and_its_log_lines_have(owner: str) -> None:
    asked = request(principal=Principal(owner, "key:a", "editor"))
    answer = await observe.stage(MAKE, asked, lambda: stages.stage(MAKE, asked, lambda: made(asked)))
    assert {one["trace"] for one in await lines(owner)} == {answer.headers["x-request-id"]}
