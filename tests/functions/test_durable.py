import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import azure.durable_functions as df
import pytest

from functions.durable import forget_dataset, forget_ended, is_alive, start, start_soon, stop
from local.processes import free_port
from shared.documents import now
from shared.tasks import DeliverTask, SendTask, Task, VersionExportTask
from tests.functions.conftest import client_of
from tests.functions.orchestration import Stage

TASK = Task(owner="o", dataset="d")
GOES_ON = 2


@pytest.fixture
async def nobody() -> AsyncIterator[df.DurableFunctionsClient]:
    """A client of a task hub that does not answer."""
    found = client_of(f"127.0.0.1:{free_port()}")
    yield found
    await found.close()


async def test_two_starts_are_one(client: df.DurableFunctionsClient) -> None:
    for _ in range(2):
        await start(client, "build_dataset", TASK, "d")
    assert await is_alive(client, "d")
    assert not await is_alive(client, "other")


async def test_stopping_works_whether_there_is_anything_to_stop_or_not(
    client: df.DurableFunctionsClient, caplog: pytest.LogCaptureFixture
) -> None:
    await start_soon(client, "build_dataset", TASK, "d")
    await stop(client, "d", "cancelled")
    await stop(client, "never started", "cancelled")
    assert [record for record in caplog.records if record.name == "functions.durable"] == []


async def test_a_task_hub_that_does_not_answer_is_logged_and_left_to_reconcile(
    nobody: df.DurableFunctionsClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "functions.durable"):
        await start_soon(nobody, "build_dataset", TASK, "d")
        await stop(nobody, "d", "cancelled")
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
    assert "reconcile" in caplog.records[0].getMessage()


async def test_what_ended_long_ago_is_forgotten_and_what_goes_on_is_not(
    hub: str, client: df.DurableFunctionsClient
) -> None:
    task = SendTask(owner="o", webhook="w", message="m", event="e", body="{}")
    stage = Stage({"send_webhook": lambda _: "delivered"})
    async with stage.serving(hub):
        await start(client, "deliver_webhook", DeliverTask(**task.model_dump(), pauses=()), "ended")
        await client.wait_for_orchestration_completion("ended", timeout=10)
    await start(client, "deliver_webhook", DeliverTask(**task.model_dump(), pauses=()), "waiting")
    await forget_ended(client, now() - timedelta(hours=1))
    assert await client.get_orchestration_state("ended") is not None
    await forget_ended(client, now() + timedelta(hours=1))
    assert await client.get_orchestration_state("ended") is None
    assert await is_alive(client, "waiting")


async def test_all_that_was_done_with_a_dataset_is_forgotten_but_what_forgets_it(
    hub: str, client: df.DurableFunctionsClient
) -> None:
    mine, other, gate = "1" * 32, "2" * 32, threading.Event()
    stage = Stage({"write_version_export": lambda one: gate.wait(20) if one["version"] == GOES_ON else None})
    ended = VersionExportTask(owner="o", dataset=mine, version=1, format="csv")
    try:
        async with stage.serving(hub):
            for instance in (f"{mine}-v1-csv", f"{mine}-cool", f"{other}-v1-csv"):
                await start(client, "export_version", ended, instance)
                await client.wait_for_orchestration_completion(instance, timeout=10)
            for instance in (mine, f"{mine}-delete"):
                await start(client, "export_version", ended.model_copy(update={"version": GOES_ON}), instance)
            await forget_dataset(client, mine, but=f"{mine}-delete")
            left = {one.instance_id for one in await client.get_all_orchestration_states()}
            assert left == {f"{mine}-delete", f"{other}-v1-csv"}
            assert await is_alive(client, f"{mine}-delete")
            await forget_dataset(client, mine)
            assert {one.instance_id for one in await client.get_all_orchestration_states()} == {f"{other}-v1-csv"}
    finally:
        gate.set()
