import json
import uuid
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest
from starlette.responses import Response

from functions import rights, take_down, takedowns
from functions.durable import is_alive
from functions.operations import OPERATIONS
from functions.stages import audit as stages
from functions.stages import erasure, problems
from shared import audit, cosmos
from shared import rights as documents
from shared import takedowns as entries
from shared.access import Principal
from shared.documents import now
from shared.problems import ProblemError
from shared.rights import ErasureDocument, ExportDocument
from shared.steps import erase, tenant_export
from shared.tasks import ErasureTask, TakedownTask, TenantExportTask
from tests.functions.asking import handler, request
from tests.shared.seeding import seed

pytestmark = pytest.mark.usefixtures("stores")

WANTED = {"host": "a.example", "reason": "the photographer asked", "requested_by": "Ada"}


async def ask(built: Any, owner: str, *more: Any, body: object = None, headers: Any = None, **path: str) -> Response:
    chunks = () if body is None else (json.dumps(body).encode(),)
    asked = request("", headers or {}, *chunks, principal=Principal(owner, "key:a", "admin"), **path)
    answer: Response = await handler(built)(asked, *more)
    return answer


def shown(answer: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(answer.body))
    return found


async def test_a_take_down_is_begun_listed_and_lifted(owner: str, client: df.DurableFunctionsClient) -> None:
    answer = await ask(takedowns.create_takedown, owner, client, body=WANTED)
    made = shown(answer)
    assert (answer.status_code, answer.headers["location"]) == (202, f"/api/v1/takedowns/{made['id']}")
    assert (made["entry"], made["state"], made["by"], made["images"]) == ("host:a.example", "removing", "key:a", 0)
    stored = entries.get(owner, made["id"])
    task = TakedownTask(owner=owner, takedown=stored.id, created=stored.created)
    assert await is_alive(client, task.instance)
    assert shown(await ask(takedowns.get_takedown, owner, takedown=made["id"])) == made
    assert shown(await ask(takedowns.list_takedowns, owner))["takedowns"] == [made]
    with pytest.raises(ProblemError) as caught:
        await ask(takedowns.lift_takedown, owner, headers={"if-match": '"x"'}, takedown=made["id"])
    assert caught.value.status == 412
    assert (await ask(takedowns.lift_takedown, owner, takedown=made["id"])).status_code == 204
    for name in (takedowns.get_takedown, takedowns.lift_takedown):
        with pytest.raises(ProblemError) as caught:
            await ask(name, owner, takedown=made["id"])
        assert caught.value.status == 404


async def test_a_take_down_of_another_tenant_is_not_there(owner: str, client: df.DurableFunctionsClient) -> None:
    made = shown(await ask(takedowns.create_takedown, owner, client, body=WANTED))
    for who, which in ((uuid.uuid4().hex, made["id"]), (owner, "../x")):
        for name in (takedowns.get_takedown, takedowns.lift_takedown):
            with pytest.raises(ProblemError) as caught:
                await ask(name, who, takedown=which)
            assert caught.value.status == 404


async def test_what_was_lost_is_begun_again(owner: str, client: df.DurableFunctionsClient) -> None:
    entry = entries.TakedownDocument(
        id=entries.takedown_id(owner, "host:b"), owner=owner, entry="host:b", reason="r", by="key:a"
    )
    stored = entries.put(entry)
    export = documents.create_export(documents.ExportDocument(id=uuid.uuid4().hex, owner=owner))
    begun = documents.begin_erasure(ErasureDocument(owner=owner, erasure=uuid.uuid4().hex, by="key:a"))
    await rights.look_after(client)
    names = [TakedownTask(owner=owner, takedown=stored.id, created=stored.created).instance]
    names += [f"export-{export.id}", f"erasure-{begun.erasure}"]
    assert [await is_alive(client, name) for name in names] == [True] * 3
    documents.end_erasure(owner)
    await take_down.start(client, stored)


async def test_an_export_is_had_by_a_link(owner: str, client: df.DurableFunctionsClient) -> None:
    answer = await ask(rights.export_tenant, owner, client)
    made = shown(answer)
    assert (answer.status_code, made["state"], made["url"]) == (202, "collecting", None)
    tenant_export.collect(TenantExportTask(owner=owner, export=made["id"]))
    ready = await ask(rights.get_tenant_export, owner, export=made["id"])
    assert ready.headers["cache-control"] == "no-store"
    found = shown(ready)
    assert (found["state"], "sig=" in found["url"]) == ("ready", True)
    for who, which in ((uuid.uuid4().hex, made["id"]), (owner, "erasure"), (owner, "0" * 32)):
        with pytest.raises(ProblemError) as caught:
            await ask(rights.get_tenant_export, who, export=which)
        assert caught.value.status == 404


async def test_a_tenant_is_erased_only_by_its_name(owner: str, client: df.DurableFunctionsClient) -> None:
    for body in ({"confirm": "tenant"}, {}, {"confirm": owner, "more": 1}):
        with pytest.raises(ProblemError) as caught:
            await ask(rights.erase_tenant, owner, client, body=body)
        assert caught.value.status == 422
    assert not documents.is_being_erased(owner)


async def test_an_erasure_is_watched_to_its_end(owner: str, client: df.DurableFunctionsClient) -> None:
    seed(owner)
    answers = [await ask(rights.erase_tenant, owner, client, body={"confirm": owner}) for _ in range(2)]
    made = shown(answers[0])
    assert [(one.status_code, shown(one)) for one in answers] == [(202, {"id": made["id"], "state": "erasing"})] * 2
    assert await is_alive(client, f"erasure-{made['id']}")
    assert shown(await ask(rights.get_erasure, owner, erasure=made["id"]))["state"] == "erasing"
    erase.end(ErasureTask(owner=owner, erasure=made["id"], by="key:a", created=now()))
    assert shown(await ask(rights.get_erasure, owner, erasure=made["id"]))["state"] == "done"
    for who, which in ((uuid.uuid4().hex, made["id"]), (owner, "0" * 32)):
        with pytest.raises(ProblemError) as caught:
            await ask(rights.get_erasure, who, erasure=which)
        assert caught.value.status == 404


async def test_nothing_is_made_while_a_tenant_is_being_erased(owner: str) -> None:
    documents.begin_erasure(ErasureDocument(owner=owner, erasure="e", by="key:a"))
    done: list[str] = []
    for operation in OPERATIONS:
        asked = request(principal=Principal(owner, "key:a", "admin"))

        async def work(name: str = operation.name) -> Response:
            done.append(name)
            return Response()

        async def staged(one: Any = operation, to: Any = asked, then: Any = work) -> Response:
            return await stages.attempts(one, to, lambda: erasure.stage(one, to, then))

        answer = await problems.stage(operation, asked, staged)
        assert answer.status_code == (200 if operation.name in done else 403)
    reads = {one.name for one in OPERATIONS if one.action is None}
    assert set(done) == {*reads, "erase_tenant"}
    assert cosmos.query(audit.NAME, "SELECT c.id FROM c", {}, owner) == [], "it would be a line more to erase"
    documents.end_erasure(owner)


async def test_the_answer_that_may_be_kept_has_no_link_in_it(owner: str, client: df.DurableFunctionsClient) -> None:
    """A POST that is done again, after its process died, finds an export that is ready."""
    asked = request("", principal=Principal(owner, "key:a", "admin"))
    name = "5" * 32
    asked.state.claim = SimpleNamespace(new_id=lambda: name)
    documents.create_export(ExportDocument(id=name, owner=owner))
    tenant_export.collect(TenantExportTask(owner=owner, export=name))
    made = shown(await handler(rights.export_tenant)(asked, client))
    assert (made["id"], made["state"], made["url"]) == (name, "ready", None)
    assert "sig=" in shown(await ask(rights.get_tenant_export, owner, export=name))["url"]
