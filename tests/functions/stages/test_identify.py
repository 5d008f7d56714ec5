import asyncio
import logging
import uuid

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions.operations import Operation
from functions.stages import identify
from shared.access import Principal, Role
from shared.keys import store, verify
from shared.keys.text import Key, new_key
from shared.problems import ProblemError
from shared.settings import Settings
from tests.functions.asking import request_to


def operation(role: Role | None) -> Operation:
    return Operation("list_things", "GET", "v1/things", role, "Things", "", {200: None})


async def ask(role: Role | None, credential: str) -> Principal:
    """Who is asking, as the handler sees it."""
    request = request_to("GET", "v1/things", headers=[("authorization", f"Bearer {credential}")])

    async def handler() -> Response:
        return Response()

    await identify.stage(operation(role), request, handler)
    return identify.caller(request)


def make(owner: str) -> Key:
    return store.create(owner, name="ci", role="editor", by="test")[0]


async def noted() -> None:
    """Wait for what goes on beside the requests."""
    await asyncio.gather(*identify._noting)


@pytest.mark.usefixtures("stores")
async def test_the_handler_learns_who_asks(owner: str) -> None:
    key = make(owner)
    assert await ask("viewer", key.text) == Principal(tenant=owner, subject=f"key:{key.prefix}", role="editor")
    with pytest.raises(ProblemError) as caught:
        await ask("admin", key.text)
    assert (caught.value.status, caught.value.detail) == (
        403,
        "This needs the role admin; these credentials have editor.",
    )


async def test_nobody_is_asked_for_who_may_ask_without_credentials() -> None:
    async def handler() -> Response:
        return Response()

    request = Request({"type": "http", "headers": [], "method": "GET", "path": "/"})
    assert (await identify.stage(operation(None), request, handler)).status_code == 200
    assert not hasattr(request.state, "principal")


@pytest.mark.usefixtures("stores")
async def test_a_key_is_looked_up_once_and_its_use_written_down(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key, looked, real = make(owner), [], verify.look_up

    def counting(one: Key) -> store.KeyDocument:
        looked.append(one)
        return real(one)

    monkeypatch.setattr(verify, "look_up", counting)
    for _ in range(5):
        await ask("viewer", key.text)
    await noted()
    assert looked == [key]
    found = store.find(key.prefix)
    assert found is not None
    assert found.used is not None
    verify.remembered.forget(key.prefix)
    await ask("viewer", key.text)
    assert not identify._noting, "it was written down within the minute"


@pytest.mark.usefixtures("stores")
async def test_a_revoked_key_counts_until_it_is_read_anew(owner: str) -> None:
    key = make(owner)
    await ask("viewer", key.text)
    await noted()
    store.revoke(owner, key.prefix)
    assert (await ask("viewer", key.text)).tenant == owner
    verify.remembered.forget(key.prefix)
    with pytest.raises(ProblemError) as caught:
        await ask("viewer", key.text)
    assert caught.value.status == 401


async def test_a_use_that_cannot_be_written_down_is_no_failure(
    stores: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    prefix = new_key().prefix
    assert store.find(prefix) is None
    with caplog.at_level(logging.WARNING, "functions.stages.identify"):
        identify._note_use(prefix)
        await noted()
    assert [record.exc_info is not None for record in caplog.records] == [True]


@pytest.mark.usefixtures("stores")
async def test_credentials_are_in_no_log_line(owner: str, caplog: pytest.LogCaptureFixture) -> None:
    key, wrong = make(owner), f"hunter2{uuid.uuid4().hex}"
    with caplog.at_level(logging.DEBUG):
        await ask("viewer", key.text)
        await noted()
        for credential in (wrong, new_key().text):
            with pytest.raises(ProblemError):
                await ask("viewer", credential)
    assert key.text not in caplog.text
    assert wrong not in caplog.text
