"""URL lists over HTTP, straight at the handler: what comes while the tenant is being erased."""

import uuid
from collections.abc import Callable

import pytest
from starlette.requests import Request
from starlette.types import Message

from functions import url_lists
from shared import blobs, cosmos, rights
from shared.access import Principal
from shared.documents import now
from shared.problems import ProblemError
from shared.rights import ErasureDocument
from shared.steps import erase
from shared.tasks import ErasureTask
from tests.functions.asking import handler

pytestmark = pytest.mark.usefixtures("stores")


def slow(owner: str, meanwhile: Callable[[], object]) -> Request:
    """A list in two pieces, between which something happens."""
    pieces: list[Callable[[], bytes]] = [
        lambda: b"http://a.example/1.jpg\n",
        lambda: (meanwhile(), b"http://a.example/2.jpg\n")[1],
    ]

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0)(), "more_body": bool(pieces)}

    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/url-lists", "query_string": b"",
        "headers": [(b"content-type", b"text/plain")],
        "state": {"principal": Principal(owner, "key:a", "editor")},
    }  # fmt: skip
    return Request(scope, receive)


def begun(owner: str) -> ErasureTask:
    document = rights.begin_erasure(ErasureDocument(owner=owner, erasure=uuid.uuid4().hex, by="key:a"))
    return ErasureTask(owner=owner, erasure=document.erasure, by="key:a", created=now())


async def test_a_list_is_kept(owner: str) -> None:
    answer = await handler(url_lists.create_url_list)(slow(owner, lambda: None))
    assert answer.status_code == 201
    assert len(list(blobs.url_lists(owner).names())) == 1


@pytest.mark.parametrize("ended", [False, True])
async def test_a_list_that_was_on_its_way_when_its_tenant_was_erased_leaves_nothing(owner: str, ended: bool) -> None:
    def meanwhile() -> None:
        task = begun(owner)
        if ended:
            erase.documents(task)
            erase.end(task)

    with pytest.raises(ProblemError, match="erased") as caught:
        await handler(url_lists.create_url_list)(slow(owner, meanwhile))
    assert (caught.value.status, caught.value.kind) == (403, "being-erased")
    assert list(blobs.url_lists(owner).names()) == []
    assert cosmos.query("uploads", "SELECT c.id FROM c", {}, owner) == []
