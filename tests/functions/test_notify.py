import json
import logging
import uuid
from datetime import timedelta

import azure.durable_functions as df
import pytest

from functions.notify import notify_end, notify_soon, notify_version
from functions.triggers import reconcile
from local.processes import free_port
from shared import datasets, webhooks
from shared.documents import VersionDocument, now
from shared.steps import freeze, lifecycle
from shared.tasks import Task
from shared.versions import VersionRequest
from shared.webhooks import WebhookDocument
from tests.functions.asking import handler
from tests.functions.conftest import client_of
from tests.functions.orchestration import Stage
from tests.shared.conftest import store
from tests.shared.steps.test_curate import built

pytestmark = pytest.mark.usefixtures("stores")


@pytest.fixture
def ended(owner: str) -> Task:
    """A dataset that has just ended, and two webhooks that want to know."""
    for _ in range(2):
        hook = WebhookDocument(
            id=uuid.uuid4().hex, owner=owner, url="https://a.example/", events=("dataset.cancelled",)
        )
        webhooks.create(hook)
    task = store(owner)
    lifecycle.end(task, "cancelled")
    return task


def told(task: Task) -> bool:
    document = datasets.find(task.owner, task.dataset)
    assert document is not None
    return document.notified


async def test_every_webhook_is_told_once_however_often_it_is_begun(
    hub: str, client: df.DurableFunctionsClient, ended: Task
) -> None:
    stage = Stage({"send_webhook": lambda _: "delivered"})
    async with stage.serving(hub):
        for _ in range(3):
            await notify_end(client, ended.owner, ended.dataset)
            assert told(ended)
            # as if the process had died before it could say so
            datasets.change(ended.owner, ended.dataset, lambda one: one.model_copy(update={"notified": False}))
        for state in await client.get_all_orchestration_states():
            await client.wait_for_orchestration_completion(state.instance_id, timeout=10)
        await notify_end(client, ended.owner, ended.dataset)
    hooks = [one.id for one in webhooks.of_owner(ended.owner)]
    assert sorted(call["webhook"] for call in stage.called("send_webhook")) == sorted(hooks)


async def test_a_start_that_was_lost_is_found_again(client: df.DurableFunctionsClient, ended: Task) -> None:
    await handler(reconcile)(None, client)
    assert told(ended)
    found = await client.get_all_orchestration_states()
    mine = {one.id for one in webhooks.of_owner(ended.owner)}
    assert mine == {name for state in found if (name := state.instance_id.rpartition("-")[2]) in mine}


async def test_a_task_hub_that_does_not_answer_leaves_it_untold(ended: Task, caplog: pytest.LogCaptureFixture) -> None:
    nobody = client_of(f"127.0.0.1:{free_port()}")
    with caplog.at_level(logging.ERROR, "functions.notify"):
        await notify_soon(nobody, ended.owner, ended.dataset)
    await nobody.close()
    assert not told(ended)
    assert "reconcile" in caplog.text


async def test_a_new_version_is_told_once_however_often_it_is_asked_for(
    hub: str, client: df.DurableFunctionsClient, owner: str
) -> None:
    hook = WebhookDocument(id=uuid.uuid4().hex, owner=owner, url="https://a.example/", events=("version.created",))
    webhooks.create(hook)
    task = built(owner, images=7)
    stage = Stage({"send_webhook": lambda _: "delivered"})
    async with stage.serving(hub):
        for _ in range(2):
            document, _ = freeze.freeze(owner, task.dataset, VersionRequest(), "jane")
            await notify_version(client, owner, document)
        for state in await client.get_all_orchestration_states():
            await client.wait_for_orchestration_completion(state.instance_id, timeout=10)
    [call] = stage.called("send_webhook")
    body = json.loads(call["body"])
    assert (call["event"], body["data"]["dataset"], body["data"]["number"]) == ("version.created", task.dataset, 1)


async def test_an_old_version_is_not_told_again(owner: str, client: df.DurableFunctionsClient) -> None:
    hook = WebhookDocument(id=uuid.uuid4().hex, owner=owner, url="https://a.example/", events=("version.created",))
    webhooks.create(hook)
    document = VersionDocument(id="version-0001", dataset="d", number=1, manifest_sha256="0" * 64, state="frozen")
    old = document.model_copy(update={"created": now() - timedelta(days=31)})  # its delivery is remembered no longer
    await notify_version(client, owner, old)
    assert await client.get_all_orchestration_states() == []
    await notify_version(client, owner, document)
    assert len(await client.get_all_orchestration_states()) == 1
