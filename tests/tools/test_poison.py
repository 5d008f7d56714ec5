import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tools.poison import DEAD_LETTERS, QUEUE, TRIES, Storage, connect, main


def clear(storage: Storage) -> None:
    for queue in storage.queues.list_queues(name_starts_with=QUEUE):
        storage.queues.delete_queue(queue)
    for container in storage.blobs.list_containers(name_starts_with=DEAD_LETTERS):
        storage.blobs.delete_container(container)


@pytest.fixture
def storage(azurite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    monkeypatch.setenv("AzureWebJobsStorage", azurite)
    found = connect()
    clear(found)  # other modules' tests use the same Azurite, and poison the same queue
    yield found
    clear(found)


def message(blob: str) -> str:
    return base64.b64encode(json.dumps({"ContainerName": "raw", "BlobName": blob}).encode()).decode()


def event(container: str, blob: str) -> dict[str, Any]:
    subject = f"/blobServices/default/containers/{container}/blobs/{blob}"
    return {
        "subject": subject,
        "eventType": "Microsoft.Storage.BlobCreated",
        "deadLetterReason": "MaxDeliveryAttemptsExceeded",
    }


def test_what_is_not_read_any_more_is_shown_and_read_again(
    storage: Storage, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = storage.queues.create_queue(QUEUE)
    sent = [message("d/dog-00000.tar"), "no JSON"]
    for one in sent:
        queue.send_message(one)
    for _ in range(TRIES):
        for told in list(queue.receive_messages(visibility_timeout=60)):
            queue.update_message(told, visibility_timeout=0)
    queue.send_message(message("d/cat-00000.tar"))
    assert main(["list"]) == 0
    shown = [line.split("\t") for line in capsys.readouterr().out.splitlines() if "\t" in line]
    assert sorted(line[-1] for line in shown) == ["no JSON", "raw/d/cat-00000.tar", "raw/d/dog-00000.tar"]
    assert {line[-1] for line in shown if "requeue" in line[0]} == {"raw/d/dog-00000.tar", "no JSON"}
    assert main(["requeue"]) == 0
    assert "2 messages" in capsys.readouterr().out
    after = {one.content: one.dequeue_count for one in queue.peek_messages(32)}
    assert after == {sent[0]: 0, sent[1]: 0, message("d/cat-00000.tar"): 1}


def test_undelivered_events_are_shown_and_sent_again(storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    uploads = storage.blobs.get_container_client("uploads")
    if not uploads.exists():
        uploads.create_container()
    uploads.upload_blob("t/incoming/u 1", b"x" * 5_000_000, metadata={"traceparent": "00-1"}, overwrite=True)
    before = uploads.get_blob_client("t/incoming/u 1").get_blob_properties()
    letters = storage.blobs.create_container(DEAD_LETTERS)
    events = [event("uploads", "t/incoming/u 1"), event("uploads", "t/incoming/gone")]
    letters.upload_blob("topic/sub/1.json", json.dumps(events))
    assert main(["list"]) == 0
    lines = [line.strip().split("\t") for line in capsys.readouterr().out.splitlines() if "\t" in line]
    assert lines == [
        ["MaxDeliveryAttemptsExceeded", "uploads/t/incoming/u 1"],
        ["MaxDeliveryAttemptsExceeded", "uploads/t/incoming/gone"],
    ]
    assert main(["redeliver"]) == 0
    after = uploads.get_blob_client("t/incoming/u 1").get_blob_properties()
    assert after.etag != before.etag, "a blob that is written has an event"
    assert (after.size, after.metadata) == (before.size, before.metadata)
    assert list(letters.list_blob_names()) == []
    uploads.delete_blob("t/incoming/u 1")


def test_nothing_is_said_where_nothing_is(storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(["list"]), main(["requeue"]), main(["redeliver"])) == (0, 0, 0)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith(f"{QUEUE}: 0 messages")
    assert shown[2:] == ["0 messages are read again", "0 events are sent again"]


def test_a_storage_account_must_be_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("AzureWebJobsStorage", "AzureWebJobsStorage__blobServiceUri", "AzureWebJobsStorage__queueServiceUri"):
        monkeypatch.delenv(name, raising=False)
    assert main(["list"]) == 1
    assert "set AzureWebJobsStorage" in capsys.readouterr().err
