import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import Response

from functions import webhooks
from functions.operations import OPERATIONS
from shared.access import Principal
from shared.problems import ProblemError
from shared.settings import Settings, settings
from tests.functions.asking import handler, request
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.usefixtures("stores")

WANTED = {"url": "https://a.example/hook", "events": ["dataset.ready"], "description": "for the board"}


@pytest.fixture
def receiver(stores: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as running:
        monkeypatch.setenv("PIXCRAWLER_FETCH_ALLOW", f"127.0.0.1:{running.port}")
        settings.cache_clear()
        yield running
        settings.cache_clear()


async def ask(
    built: Any, owner: str, *chunks: bytes, query: str = "", headers: dict[str, str] | None = None, **path: str
) -> Response:
    asked = request(query, headers, *chunks, principal=Principal(owner, "key:a", "admin"), **path)
    answer: Response = await handler(built)(asked)
    return answer


async def create(owner: str, **changes: object) -> dict[str, Any]:
    answer = await ask(webhooks.create_webhook, owner, json.dumps({**WANTED, **changes}).encode())
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    found: dict[str, Any] = json.loads(bytes(answer.body))
    assert answer.headers["location"] == f"/api/v1/webhooks/{found['id']}"
    return found


async def test_the_secret_is_shown_once(owner: str) -> None:
    made = await create(owner)
    assert made["secret"].startswith("whsec_")
    one = await ask(webhooks.get_webhook, owner, webhook=made["id"])
    listed = await ask(webhooks.list_webhooks, owner)
    assert json.loads(bytes(one.body)) == {name: value for name, value in made.items() if name != "secret"}
    assert json.loads(bytes(listed.body))["webhooks"] == [json.loads(bytes(one.body))]


def test_an_answer_with_the_secret_is_not_kept() -> None:
    assert [one.name for one in OPERATIONS if one.tag == "webhooks" and not one.replayable] == ["create_webhook"]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://a.example/"}, {"url": "ftp://a.example/"}, {"url": "https://10.0.0.1/"}, {"url": "x"},
        {"events": []}, {"events": ["dataset.ready", "dataset.ready"]}, {"events": ["webhook.test"]},
        {"events": ["dataset.gone"]}, {"description": "x" * 201}, {"more": 1},
    ],
)  # fmt: skip
async def test_what_is_no_webhook_is_refused(owner: str, changes: dict[str, object]) -> None:
    with pytest.raises(ProblemError) as caught:
        await create(owner, **changes)
    assert caught.value.status == 422


async def test_a_test_send_tells_what_came_of_it_and_is_in_the_log(receiver: Receiver, owner: str) -> None:
    receiver.statuses[:] = [500, 200]
    made = await create(owner, url=receiver.url)
    answers = [await ask(webhooks.test_webhook, owner, webhook=made["id"]) for _ in range(2)]
    told = [json.loads(bytes(one.body)) for one in answers]
    assert [(one["event"], one["status"], one["accepted"]) for one in told] == [
        ("webhook.test", 500, False), ("webhook.test", 200, True),
    ]  # fmt: skip
    log = json.loads(bytes((await ask(webhooks.list_deliveries, owner, webhook=made["id"])).body))
    assert log == {"deliveries": told[::-1], "next": None}
    page = json.loads(bytes((await ask(webhooks.list_deliveries, owner, query="limit=1", webhook=made["id"])).body))
    assert (page["deliveries"], page["next"] is None) == (told[1:], False)


async def test_what_is_deleted_is_gone(owner: str) -> None:
    made = await create(owner)
    tagged = await ask(webhooks.get_webhook, owner, webhook=made["id"])
    with pytest.raises(ProblemError) as caught:
        await ask(webhooks.delete_webhook, owner, headers={"if-match": '"other"'}, webhook=made["id"])
    assert caught.value.status == 412
    assert tagged.status_code == 200
    assert (await ask(webhooks.delete_webhook, owner, webhook=made["id"])).status_code == 204
    with pytest.raises(ProblemError) as caught:
        await ask(webhooks.get_webhook, owner, webhook=made["id"])
    assert caught.value.status == 404


@pytest.mark.parametrize("name", ["get_webhook", "delete_webhook", "test_webhook", "list_deliveries"])
async def test_a_webhook_of_another_tenant_is_not_there(owner: str, name: str) -> None:
    made = await create(owner)
    for who, which in ((uuid.uuid4().hex, made["id"]), (owner, "../x"), (owner, "0" * 32)):
        with pytest.raises(ProblemError) as caught:
            await ask(getattr(webhooks, name), who, webhook=which)
        assert caught.value.status == 404
