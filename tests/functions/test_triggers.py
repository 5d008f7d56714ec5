"""Triggers of uploads on real stores."""

import json
import logging
import uuid
from typing import Any

import azure.functions as func
import pytest

from functions import triggers
from functions.blob_binding import TriggeredBlob
from shared import uploads
from shared.telemetry import trace
from shared.upload_files import incoming_folder
from shared.uploads import UploadDocument
from tests.shared.conftest import configured, owner, stores  # noqa: F401 (fixtures)
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
    blob = TriggeredBlob(f"uploads/{owner}/incoming/{document.id}", {})
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
