"""Triggers of uploads on real stores."""

import json
import logging
import uuid
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from durabletask.worker import TaskHubGrpcWorker

from functions import triggers
from functions.blob_reference import BlobReference
from functions.durable import is_alive, start
from shared import datasets, uploads
from shared.documents import DatasetHead
from shared.steps import lifecycle
from shared.tasks import Task
from shared.telemetry import trace
from shared.upload_files import incoming_folder
from shared.uploads import UploadDocument
from tests.shared.conftest import configured, owner, store, stores  # noqa: F401 (fixtures)
from tests.shared.telemetry.reading import Recorded, recorded, without_cost  # noqa: F401 (fixture)

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
pytestmark = pytest.mark.usefixtures("stores")


def waiting(owner: str) -> UploadDocument:  # noqa: F811
    document = UploadDocument(id=uuid.uuid4().hex, owner=owner, kind="images", filename="a.zip")
    incoming_folder(owner).write(document.id, b"no archive")
    return uploads.create(document)


def function(built: Any) -> Any:
    return built._function.get_user_function()


async def test_a_blob_that_comes_in_is_checked(owner: str) -> None:  # noqa: F811
    document = waiting(owner)
    blob = BlobReference("uploads", f"{owner}/incoming/{document.id}")
    await function(triggers.check_upload)(blob)
    assert uploads.get(owner, document.id).refusal == "not_an_archive"


async def test_a_poisoned_upload_is_refused(owner: str, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    document = waiting(owner)
    incoming_folder(owner).write(document.id, b"x", {"traceparent": PARENT})
    seen: list[tuple[str, str] | None] = []

    def look(_: logging.LogRecord) -> bool:
        seen.append(trace.ids())
        return True

    caplog.handler.addFilter(look)
    told = {"ContainerName": "uploads", "BlobName": f"{owner}/incoming/{document.id}"}
    message = func.QueueMessage(body=json.dumps(told).encode())
    await function(triggers.give_up_shard).__wrapped__(message, client=None)
    assert uploads.get(owner, document.id).refusal == "failed"
    assert f"upload {document.id} is given up" in caplog.text
    assert PARENT[3:35] in {found[0] for found in seen if found}


async def test_a_poison_message_is_counted_once_that_can_be_exported(
    owner: str,  # noqa: F811
    recorded: Recorded,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first work of a process comes before its exporters are there."""
    before: list[object] = []
    monkeypatch.setattr("shared.telemetry.export.wait", lambda _: before.append(without_cost(recorded())))
    told = {"ContainerName": "uploads", "BlobName": f"{owner}/incoming/{waiting(owner).id}"}
    message = func.QueueMessage(body=json.dumps(told).encode())
    await function(triggers.give_up_shard).__wrapped__(message, client=None)
    assert before == [{}]
    assert recorded()["pixcrawler.step.duration", "give_up_shard", "done"] == 1


async def test_a_poison_message_is_told_of_at_once(
    owner: str,  # noqa: F811
    recorded: Recorded,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The instance was started for it alone, and may be gone before the next export."""
    sent: list[float] = []
    monkeypatch.setattr(
        "shared.telemetry.export.flush",
        lambda _: sent.append(recorded()["pixcrawler.step.duration", "give_up_shard", "done"]),
    )
    told = {"ContainerName": "uploads", "BlobName": f"{owner}/incoming/{waiting(owner).id}"}
    message = func.QueueMessage(body=json.dumps(told).encode())
    await function(triggers.give_up_shard).__wrapped__(message, client=None)
    assert sent == [1]


async def test_a_build_whose_orchestration_is_lost_is_started_again_and_counted(
    owner: str,  # noqa: F811
    client: df.DurableFunctionsClient,
    recorded: Recorded,  # noqa: F811
) -> None:
    lost, alive, new, ended = (store(owner) for _ in range(4))
    await start(client, "build_dataset", alive, alive.dataset)
    for task in (lost, alive, ended):
        lifecycle.enter(task, "planning")
    listed = heads(lost, alive, new, ended)
    lifecycle.end(ended, "ready")
    for _ in range(2):
        await triggers.revive_all(client, listed)
    assert [await is_alive(client, one.dataset) for one in (lost, alive, new, ended)] == [True, True, True, False]
    assert recorded()["pixcrawler.builds.ended", "lost"] == 1, "not what was never started, nor what has ended"


async def test_a_loss_is_told_of_at_once_and_once_that_can_be_exported(
    owner: str,  # noqa: F811
    client: df.DurableFunctionsClient,
    recorded: Recorded,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The timer may have had its instance started for it alone."""
    lost = [store(owner) for _ in range(2)]
    for task in lost:
        lifecycle.enter(task, "planning")
    before: list[object] = []
    sent: list[float] = []
    monkeypatch.setattr("shared.telemetry.export.wait", lambda _: before.append(without_cost(recorded())))
    monkeypatch.setattr(
        "shared.telemetry.export.flush", lambda _: sent.append(recorded()["pixcrawler.builds.ended", "lost"])
    )
    await triggers.revive_all(client, heads(*lost))
    assert (before, sent) == ([{}], [2])


async def test_a_build_whose_orchestration_fails_each_time_fails_at_last(
    owner: str,  # noqa: F811
    hub: str,
    client: df.DurableFunctionsClient,
    recorded: Recorded,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "RESTARTS", (timedelta(0), timedelta(0)))
    task = store(owner)
    lifecycle.enter(task, "planning")
    with TaskHubGrpcWorker(host_address=hub) as worker:
        worker.add_orchestrator(build_dataset)
        worker.start()  # type: ignore[no-untyped-call]  # the SDK says nothing
        await start(client, "build_dataset", task, task.dataset)
        for restarts in (1, 2):
            await client.wait_for_orchestration_completion(task.dataset, timeout=20)
            await triggers.revive_all(client, heads(task))
            assert datasets.get(owner, task.dataset).restarts == restarts
        await client.wait_for_orchestration_completion(task.dataset, timeout=20)
        for _ in range(2):
            await triggers.revive_all(client, heads(task))
    found = datasets.get(owner, task.dataset)
    assert (found.state, found.restarts) == ("failed", 2)
    assert "fault of the service" in (found.error or "")
    assert not await is_alive(client, task.dataset)
    counted = recorded()
    assert counted["pixcrawler.builds.ended", "lost"] == 2
    assert counted["pixcrawler.builds.ended", "failed"] == 1


def build_dataset(_: object, __: object) -> None:
    """An orchestrator that another deployment has changed."""
    msg = "non-determinism"
    raise ValueError(msg)


def heads(*tasks: Task) -> list[DatasetHead]:
    """What the timer lists of these datasets."""
    found = {one.id: one for one in datasets.in_states(("queued", "building"))}
    return [found[task.dataset] for task in tasks if task.dataset in found]
