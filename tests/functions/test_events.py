"""Streams of events, straight at the handler: how many may be open at once."""

from typing import Any

import pytest
from starlette.types import Message

from functions import events
from shared import datasets
from shared.access import Principal
from shared.problems import ProblemError
from shared.settings import settings
from tests.functions.asking import handler, request
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")


@pytest.fixture(autouse=True)
def _two(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PIXCRAWLER_OPEN_STREAMS", "2")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def opened(owner: str, dataset: str, subject: str = "key:a") -> events.EventResponse:
    asked = request(principal=Principal(owner, subject, "viewer"), dataset=dataset)
    answer: events.EventResponse = await handler(events.watch_dataset)(asked)
    return answer


async def heard(answer: events.EventResponse, *, breaks: bool = False) -> bytes:
    """What a client reads of a stream; with `breaks`, its connection breaks at once."""
    told = bytearray()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if breaks:
            raise OSError
        told.extend(message.get("body", b""))

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    await answer(scope, receive, send)
    return bytes(told)


async def test_a_caller_has_so_many_streams_open_and_gets_another_when_one_has_ended(owner: str) -> None:
    dataset = store(owner).dataset
    datasets.change(owner, dataset, lambda one: one.moved("cancelled"))
    before = len(events._streams)
    first, second = await opened(owner, dataset), await opened(owner, dataset)
    with pytest.raises(ProblemError) as caught:
        await opened(owner, dataset)
    assert (caught.value.status, caught.value.kind) == (429, "too-many-streams")
    other = await opened(owner, dataset, "key:b")
    assert b"cancelled" in await heard(first)
    third = await opened(owner, dataset)
    with pytest.raises(Exception, match=r"^$"):  # starlette wraps what the connection raised
        await heard(second, breaks=True)
    fourth = await opened(owner, dataset)
    for one in (other, third, fourth):
        await heard(one)
    assert len(events._streams) == before
