import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message

from functions.operations import Operation
from functions.stages import idempotency
from functions.stages.idempotency import new_id
from shared import requests
from shared.access import Principal
from shared.documents import now
from shared.problems import ProblemError, conflict, unauthorized
from shared.requests import LEASE
from tests.functions.asking import request

pytestmark = pytest.mark.usefixtures("stores")

MAKE = Operation("make_thing", "POST", "v1/things", "editor", "Make", "", {201: None}, action="thing.make")
SECRET = Operation(
    "make_key", "POST", "v1/things", "admin", "Make", "", {201: None}, action="thing.make", replayable=False
)
READ = Operation("list_things", "GET", "v1/things", "viewer", "Things", "", {200: None})

Handler = Callable[[Request], Awaitable[Response]]


class Things:
    """A handler that counts what it made, under which ids and of which bytes."""

    def __init__(self, status: int = 201, *, streams: bool = False, error: BaseException | None = None) -> None:
        self.made: list[tuple[str, bytes]] = []
        self.status, self.streams, self.error = status, streams, error

    async def __call__(self, asked: Request) -> Response:
        body = b"".join([chunk async for chunk in asked.stream()])
        self.made.append((new_id(asked), body))
        if self.error is not None:
            raise self.error
        answer = f"thing {len(self.made)}".encode()
        if self.streams:
            return StreamingResponse(iter([answer]))
        return Response(answer, self.status, {"location": "/things/1", "x-cost": "7"}, "text/plain")


async def ask(
    owner: str, handler: Handler, *chunks: bytes, key: str | None = "k", query: str = "", operation: Operation = MAKE
) -> Response:
    headers = {} if key is None else {"idempotency-key": key}
    asked = request(query, headers, *chunks, principal=Principal(owner, "key:a", "admin"))
    return await idempotency.stage(operation, asked, lambda: handler(asked))


async def refusal(owner: str, handler: Handler, *chunks: bytes, **said: str) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await ask(owner, handler, *chunks, **said)  # type: ignore[arg-type]
    return caught.value


async def test_the_same_again_is_answered_the_same_and_done_once(owner: str) -> None:
    things = Things()
    first = await ask(owner, things, b"a", b"b")
    again = await ask(owner, things, b"ab")
    assert (again.status_code, again.body) == (first.status_code, first.body) == (201, b"thing 1")
    assert (again.headers["location"], again.headers["content-type"]) == ("/things/1", first.headers["content-type"])
    assert (again.headers["idempotency-replayed"], "idempotency-replayed" in first.headers) == ("true", False)
    assert "x-cost" not in again.headers
    assert [body for _, body in things.made] == [b"ab"]


@pytest.mark.parametrize(("body", "query"), [(b"other", ""), (b"bod", ""), (b"body", "dry_run=true")])
async def test_something_else_with_the_same_key_is_refused(owner: str, body: bytes, query: str) -> None:
    things = Things()
    await ask(owner, things, b"body")
    problem = await refusal(owner, things, body, query=query)
    assert (problem.status, problem.kind, len(things.made)) == (409, "idempotency-key-reused", 1)


async def test_without_a_key_everything_is_done(owner: str) -> None:
    things = Things()
    for _ in range(2):
        await ask(owner, things, b"body", key=None)
    assert len({name for name, _ in things.made}) == 2


async def test_a_key_on_a_read_is_passed_over(owner: str) -> None:
    things = Things(200)
    assert [(await ask(owner, things, operation=READ)).body for _ in range(2)] == [b"thing 1", b"thing 2"]


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "caf\xe9", "a\tb"])
async def test_what_is_no_key_is_said(owner: str, key: str) -> None:
    problem = await refusal(owner, Things(), key=key)
    assert (problem.status, problem.kind) == (400, "bad-idempotency-key")


async def test_a_key_may_stand_in_the_quotes_of_a_structured_field(owner: str) -> None:
    things = Things()
    await ask(owner, things, key=r'"a \" \\ b"')
    await ask(owner, things, key=r'a " \ b')
    assert len(things.made) == 1


async def test_of_fifty_at_once_one_is_done_and_the_others_wait(owner: str) -> None:
    things = Things()
    asked = [ask(owner, things, b"body") for _ in range(50)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert len(things.made) == 1
    assert {one.kind for one in found if isinstance(one, ProblemError)} <= {"request-in-progress"}
    assert {bytes(one.body) for one in found if isinstance(one, Response)} == {b"thing 1"}
    assert [one for one in found if not isinstance(one, Response | ProblemError)] == []


@pytest.mark.parametrize("error", [conflict("no"), ProblemError(503, "x", "x", "x"), OSError("disk full")])
async def test_what_was_not_done_may_be_tried_again(owner: str, error: Exception) -> None:
    with pytest.raises(type(error)):
        await ask(owner, Things(error=error), b"body")
    assert (await ask(owner, Things(), b"body")).body == b"thing 1"


@pytest.mark.parametrize("status", [409, 500])
async def test_an_answer_that_is_no_success_is_not_kept(owner: str, status: int) -> None:
    things = Things(status)
    assert [(await ask(owner, things)).body for _ in range(2)] == [b"thing 1", b"thing 2"]


@pytest.mark.parametrize("error", [OSError("disk full"), ProblemError(503, "x", "x", "x")])
async def test_what_failed_half_way_is_made_under_the_same_id(owner: str, error: Exception) -> None:
    things = Things(error=error)
    for body in (b"body", b"body", b"other"):
        with pytest.raises(type(error)):
            await ask(owner, things, body)
    first, second, other = (name for name, _ in things.made)
    assert first == second != other
    assert len(first) == 32


async def test_a_process_that_died_half_way_is_followed_by_one_that_makes_the_same(
    owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = Things(error=asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await ask(owner, things, b"body")
    things.error = None
    assert (await refusal(owner, things, b"body")).kind == "request-in-progress"
    later = now() + LEASE + timedelta(seconds=1)
    monkeypatch.setattr(requests, "now", lambda: later)
    assert (await ask(owner, things, b"body")).body == b"thing 2"
    assert len(set(things.made)) == 1
    assert (await ask(owner, things, b"body")).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(("operation", "streams"), [(SECRET, False), (MAKE, True)])
async def test_an_answer_that_must_not_or_cannot_be_kept_is_not(
    owner: str, operation: Operation, streams: bool
) -> None:
    things = Things(streams=streams)
    await ask(owner, things, b"body", operation=operation)
    with pytest.raises(ProblemError) as caught:
        await ask(owner, things, b"body", operation=operation)
    assert (caught.value.status, caught.value.kind, len(things.made)) == (409, "already-done", 1)
    with pytest.raises(ProblemError) as caught:
        await ask(owner, things, b"other", operation=operation)
    assert caught.value.kind == "idempotency-key-reused"


async def test_an_answer_that_is_too_long_is_not_kept(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEPT_BYTES", 6)
    await ask(owner, Things())
    assert (await refusal(owner, Things())).kind == "already-done"


async def test_what_the_handler_leaves_unread_counts_too(owner: str) -> None:
    async def deaf(_: Request) -> Response:
        return Response(b"done")

    await ask(owner, deaf, b"a", b"b")
    assert (await ask(owner, deaf, b"ab")).body == b"done"
    assert (await refusal(owner, deaf, b"a")).kind == "idempotency-key-reused"


async def test_a_handler_may_stop_reading_half_way(owner: str) -> None:
    async def impatient(asked: Request) -> Response:
        return Response(await anext(asked.stream()))

    await ask(owner, impatient, b"a", b"b", b"c")
    assert (await ask(owner, impatient, b"abc")).body == b"a"
    assert (await refusal(owner, impatient, b"a")).kind == "idempotency-key-reused"


async def test_a_body_is_read_in_pieces_and_not_held(owner: str) -> None:
    held: list[int] = []

    async def handler(asked: Request) -> Response:
        held.extend([len(chunk) async for chunk in asked.stream() if chunk])
        return Response()

    await ask(owner, handler, *[b"x" * 1_000] * 50)
    assert held == [1_000] * 50


async def test_without_credentials_nothing_is_kept(owner: str) -> None:
    open_to_all = Operation("say", "POST", "v1/things", None, "Say", "", {200: None}, action="thing.say")
    things = Things()
    for _ in range(2):
        await ask(owner, things, operation=open_to_all)
    assert len(things.made) == 2


async def test_an_answer_that_cannot_be_kept_now_is_sent_all_the_same(
    owner: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise unauthorized("no database")

    monkeypatch.setattr(requests, "complete", broken)
    assert (await ask(owner, Things())).body == b"thing 1"
    assert "cannot be kept" in caplog.text


async def test_a_body_that_nobody_wants_is_not_read_for_ever(owner: str) -> None:
    """An operation without a body, and somebody who sends one that has no end."""
    sent = 0

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        assert sent < 50, "it goes on reading"
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    async def work() -> Response:
        return Response(b"done", 201)

    found = []
    for _ in range(2):
        sent = 0
        asked = request("", {"idempotency-key": "k"}, principal=Principal(owner, "key:a", "admin"))
        asked = Request(asked.scope, receive)
        found.append(await idempotency.stage(MAKE, asked, work))
    assert [one.body for one in found] == [b"done", b"done"]
    assert found[1].headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(("size", "same"), [(999_999, False), (1_000_000, True)])
async def test_what_could_not_be_taken_anyway_is_not_compared(owner: str, size: int, *, same: bool) -> None:
    async def work(_: Request) -> Response:
        return Response(b"done", 201)

    await ask(owner, work, b"x" * size, b"y")
    if same:
        assert (await ask(owner, work, b"x" * (size - 1), b"xz")).body == b"done"
    else:
        assert (await refusal(owner, work, b"x" * size, b"z")).kind == "idempotency-key-reused"
