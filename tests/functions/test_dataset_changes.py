import asyncio
import json
import uuid
from typing import Any

import azure.durable_functions as df
import pytest
from starlette.responses import Response

from functions import datasets as handlers
from functions.operations import OPERATIONS
from functions.stages import idempotency
from shared import datasets, requests, webhooks
from shared.access import Principal
from shared.cosmos import container
from shared.problems import ProblemError
from shared.webhooks import WebhookDocument
from tests.functions.asking import handler, request
from tests.functions.orchestration import Stage
from tests.shared.conftest import spec, store

pytestmark = pytest.mark.usefixtures("stores")

BODY = json.dumps({"name": "pets", "labels": [{"name": "cat"}]}).encode()


async def ask(
    name: str, owner: str, client: df.DurableFunctionsClient, *chunks: bytes, headers: dict[str, str], **path: str
) -> Response:
    """Through the stage that looks at the key, to the handler."""
    operation = next(one for one in OPERATIONS if one.name == name)
    asked = request("", headers, *chunks, principal=Principal(owner, "key:a", "admin"), **path)
    work = handler(getattr(handlers, name))
    return await idempotency.stage(operation, asked, lambda: work(asked, client))


def shown(answer: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(answer.body))
    return found


def all_of(owner: str) -> list[str]:
    return [one.id for one in datasets.page(owner, state=None, size=100, cursor=None).items]


async def test_fifty_creates_with_one_key_make_one_dataset(owner: str, client: df.DurableFunctionsClient) -> None:
    asked = [ask("create_dataset", owner, client, BODY, headers={"idempotency-key": "k"}) for _ in range(50)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    made = {shown(one)["id"] for one in found if isinstance(one, Response)}
    assert {one.status for one in found if isinstance(one, ProblemError)} <= {409}
    assert list(made) == all_of(owner)


async def test_a_create_whose_process_died_before_it_answered_makes_nothing_more(
    owner: str, client: df.DurableFunctionsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(handlers, "start_soon", die)
        with pytest.raises(asyncio.CancelledError):
            await ask("create_dataset", owner, client, BODY, headers={"idempotency-key": "k"})
    [made] = all_of(owner)
    name = requests.request_id("key:a", "k")
    left = container(requests.NAME).read_item(name, owner)
    container(requests.NAME).replace_item(name, {**left, "until": left["until"].replace("20", "19", 1)})
    answer = await ask("create_dataset", owner, client, BODY, headers={"idempotency-key": "k"})
    assert (answer.status_code, shown(answer)["id"]) == (202, made)
    assert all_of(owner) == [made]
    assert await client.get_orchestration_state(made) is not None


@pytest.mark.parametrize(("name", "state"), [("cancel_dataset", "cancelled"), ("delete_dataset_request", "deleting")])
async def test_a_change_is_made_to_what_was_seen_and_to_nothing_else(
    owner: str, client: df.DurableFunctionsClient, name: str, state: str
) -> None:
    dataset = store(owner).dataset
    seen = handlers.tagged(datasets.get(owner, dataset))
    datasets.change(owner, dataset, lambda one: one.moved("building"))
    with pytest.raises(ProblemError) as caught:
        await ask(name, owner, client, headers={"if-match": seen}, dataset=dataset)
    assert caught.value.status == 412
    now = handlers.tagged(datasets.get(owner, dataset))
    await ask(name, owner, client, headers={"if-match": now}, dataset=dataset)
    found = datasets.find(owner, dataset)
    assert found is not None
    assert found.state == state


async def test_a_dataset_that_is_cancelled_is_told_of(owner: str, hub: str, client: df.DurableFunctionsClient) -> None:
    hook = WebhookDocument(id=uuid.uuid4().hex, owner=owner, url="https://a.example/", events=("dataset.cancelled",))
    webhooks.create(hook)
    dataset = store(owner).dataset
    stage = Stage({"send_webhook": lambda _: "delivered"})
    async with stage.serving(hub):
        await ask("cancel_dataset", owner, client, headers={}, dataset=dataset)
        for state in await client.get_all_orchestration_states():
            if state.instance_id.startswith("deliver-"):
                await client.wait_for_orchestration_completion(state.instance_id, timeout=10)
    [sent] = stage.called("send_webhook")
    assert (sent["webhook"], sent["event"]) == (hook.id, "dataset.cancelled")
    assert json.loads(sent["body"])["data"]["name"] == spec().name
