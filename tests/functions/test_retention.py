import json
import uuid
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from functions import retention
from functions.datasets import tagged
from functions.durable import is_alive, start
from shared import datasets
from shared.access import Principal
from shared.documents import DatasetDocument, Retention, now
from shared.problems import ProblemError
from shared.tasks import DeliverTask
from shared.views import view
from tests.functions.asking import handler, request
from tests.functions.orchestration import Stage
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")


async def put(owner: str, dataset: str, body: dict[str, object], **headers: str) -> dict[str, Any]:
    asked = request(
        "", headers, json.dumps(body).encode(), principal=Principal(owner, "key:a", "editor"), dataset=dataset
    )
    answer = await handler(retention.put_retention)(asked)
    found: dict[str, Any] = json.loads(bytes(answer.body))
    return found


async def test_a_dataset_says_when_it_expires(owner: str) -> None:
    dataset = store(owner).dataset
    found = await put(owner, dataset, {"days": 30, "then": "cool"})
    assert (found["retention"], found["expires"]) == ({"days": 30, "then": "cool"}, None)
    ended = datasets.change(owner, dataset, lambda one: one.moved("ready"))
    assert ended is not None
    assert ended.ended is not None
    assert view(ended, "").expires == ended.ended + timedelta(days=30)
    assert (await put(owner, dataset, {"days": None}))["retention"] == {"days": None, "then": "delete"}


@pytest.mark.parametrize("body", [{}, {"days": 0}, {"days": 36_501}, {"days": 1, "then": "burn"}, {"days": 1, "a": 1}])
async def test_what_is_no_retention_is_refused(owner: str, body: dict[str, object]) -> None:
    with pytest.raises(ProblemError) as caught:
        await put(owner, store(owner).dataset, body)
    assert caught.value.status == 422


async def test_it_is_changed_only_as_it_was_seen(owner: str) -> None:
    dataset = store(owner).dataset
    seen = tagged(datasets.get(owner, dataset))
    await put(owner, dataset, {"days": 1}, **{"if-match": seen})
    with pytest.raises(ProblemError) as caught:
        await put(owner, dataset, {"days": 2}, **{"if-match": seen})
    assert caught.value.status == 412
    for who, which in ((uuid.uuid4().hex, dataset), (owner, "0" * 32)):
        with pytest.raises(ProblemError) as caught:
            await put(who, which, {"days": 1})
        assert caught.value.status == 404


async def test_what_is_over_is_begun(owner: str, client: df.DurableFunctionsClient) -> None:
    names = {then: store(owner).dataset for then in ("delete", "cool")}
    for then, dataset in names.items():
        kept = Retention.model_validate({"days": 1, "then": then})

        def edit(document: DatasetDocument, kept: Retention = kept) -> DatasetDocument:
            return document.moved("ready").model_copy(update={"retention": kept})

        datasets.change(owner, dataset, edit)
    await retention.retain_all(client, now())
    assert {datasets.get(owner, one).state for one in names.values()} == {"ready"}
    await retention.retain_all(client, now() + timedelta(days=1, seconds=1))
    found = datasets.find(owner, names["delete"])
    assert found is not None
    assert found.state == "deleting"
    assert await is_alive(client, f"{names['delete']}-delete")
    assert await is_alive(client, f"{names['cool']}-cool")


async def test_histories_are_forgotten_after_a_month(hub: str, client: df.DurableFunctionsClient) -> None:
    task = DeliverTask(owner="o", webhook="w", message="m", event="e", body="{}", pauses=())
    async with Stage({"send_webhook": lambda _: "delivered"}).serving(hub):
        await start(client, "deliver_webhook", task, "ended")
        await client.wait_for_orchestration_completion("ended", timeout=10)
    await retention.retain_all(client, now() + timedelta(days=29))
    assert await client.get_orchestration_state("ended") is not None
    await retention.retain_all(client, now() + timedelta(days=31))
    assert await client.get_orchestration_state("ended") is None
