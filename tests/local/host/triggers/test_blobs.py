import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueServiceClient

from functions.blob_binding import TriggeredBlob
from local.host.errors import SettingError
from local.host.storage import HOSTS_CONTAINER
from local.host.triggers.blobs import POISON_QUEUE
from tests.local.host.support import eventually, serve, soon

FAST: dict[str, Any] = {"blob_poll_seconds": 0.02}


@pytest.fixture
def environment(azurite: str, tmp_path: Path) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": azurite,
        "Data": azurite,
        "BOX": f"box{uuid4().hex}",
        "AzureFunctionsWebHost__hostid": tmp_path.name.replace("_", "-"),
    }


@pytest.fixture
async def box(environment: dict[str, str]) -> AsyncIterator[ContainerClient]:
    async with BlobServiceClient.from_connection_string(environment["Data"]) as service:
        yield service.get_container_client(environment["BOX"])


class Recorder:
    """An app with one blob function that puts what it gets into a queue, and then does as it is told."""

    def __init__(self, path: str = "%BOX%/{dataset}/{shard}.tar", source: str = "LogsAndContainerScan") -> None:
        self.app = func.FunctionApp()
        self.seen: asyncio.Queue[tuple[str | None, bytes]] = asyncio.Queue()
        self.fail = False
        self.hold: asyncio.Event | None = None

        @self.app.blob_trigger(arg_name="blob", path=path, connection="Data", source=source)  # type: ignore[arg-type]  # its annotation leaves text out
        async def watch(blob: func.InputStream) -> None:
            self.seen.put_nowait((blob.name, blob.read()))
            if self.hold:
                await self.hold.wait()
            if self.fail:
                msg = "it fails"
                raise ValueError(msg)


async def receipts(environment: dict[str, str]) -> dict[str, dict[str, str]]:
    prefix = f"blobreceipts/{environment['AzureFunctionsWebHost__hostid']}/"
    async with BlobServiceClient.from_connection_string(environment["Data"]) as service:
        container = service.get_container_client(HOSTS_CONTAINER)
        found = container.list_blobs(name_starts_with=prefix, include=["metadata"])
        return {item.name.removeprefix(prefix): item.metadata or {} async for item in found}


async def completed(environment: dict[str, str], count: int) -> bool:
    return sum("completed" in metadata for metadata in (await receipts(environment)).values()) == count


async def poison(environment: dict[str, str]) -> list[dict[str, Any]]:
    async with QueueServiceClient.from_connection_string(environment["Data"]) as service:
        queue = service.get_queue_client(POISON_QUEUE)
        if POISON_QUEUE not in [item.name async for item in service.list_queues()]:
            return []
        found = []
        for message in await queue.peek_messages(max_messages=32):
            body = json.loads(base64.b64decode(message.content))
            if body["ContainerName"] == environment["BOX"]:
                found.append(body)
        return found


async def test_the_function_gets_the_whole_blob_and_what_is_known_of_it(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    app = df.DFApp()
    seen: asyncio.Queue[Any] = asyncio.Queue()

    @app.blob_trigger(arg_name="blob", path="%BOX%/{a}/{b}.tar", connection="Data", source=func.BlobSource.EVENT_GRID)
    @app.durable_client_input(client_name="client")
    async def watch(blob: func.InputStream, client: df.DurableFunctionsClient, context: func.Context) -> None:
        state = await client.get_orchestration_state("nobody")
        given: Any = blob  # its abstract class leaves some of it out
        await seen.put((blob.name, blob.length, blob.uri, given.metadata, given.blob_properties, blob.read(), state))
        await seen.put((context.function_name, context.retry_context.retry_count))

    await box.create_container()
    await box.upload_blob("x/1.tar", b"hello", metadata={"k": "v"})
    async with serve(app, tmp_path, environment, **FAST):
        name, length, uri, metadata, properties, body, state = await soon(seen.get())
        assert name == f"{environment['BOX']}/x/1.tar"
        assert (length, body, metadata, state) == (5, b"hello", {"k": "v"}, None)
        assert uri == box.get_blob_client("x/1.tar").url
        assert (properties["BlobType"], properties["ContentLength"]) == ("BlockBlob", 5)
        assert await soon(seen.get()) == ("watch", 0)


async def test_an_sdk_type_is_told_where_the_blob_is_and_nothing_is_read(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    seen: asyncio.Queue[TriggeredBlob] = asyncio.Queue()

    @app.blob_trigger(arg_name="blob", path="%BOX%/{a}/{b}.tar", connection="Data", source=func.BlobSource.EVENT_GRID)
    async def watch(blob: TriggeredBlob) -> None:
        await seen.put(blob)

    await box.create_container()
    await box.upload_blob("x/1.tar", b"hello", metadata={"k": "v"})
    async with serve(app, tmp_path, environment, **FAST):
        blob = await soon(seen.get())
        assert (blob.name, blob.metadata) == (f"{environment['BOX']}/x/1.tar", {"k": "v"})
        await eventually(lambda: completed(environment, 1))


async def test_bytes_and_text_parameters_in_synchronous_functions(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    seen: dict[str, object] = {}

    @app.blob_trigger(arg_name="data", path="%BOX%/{name}.txt", connection="Data")
    def text(data: str) -> None:
        seen["text"] = data

    @app.blob_trigger(arg_name="data", path="%BOX%/{name}.bin", connection="Data")
    def binary(data: bytes) -> None:
        seen["binary"] = data

    await box.create_container()
    await box.upload_blob("a.txt", "grün".encode())
    await box.upload_blob("a.bin", b"\xff")
    await box.upload_blob("no text.txt", b"\xff")
    async with serve(app, tmp_path, environment, **FAST):
        await eventually(lambda: completed(environment, 3))
    assert seen == {"text": "grün", "binary": b"\xff"}
    assert [message["BlobName"] for message in await poison(environment)] == ["no text.txt"]


async def test_a_container_that_comes_later_and_names_that_do_not_match(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    recorder = Recorder("%BOX%/in/{name}.tar")
    async with serve(recorder.app, tmp_path, environment, **FAST):
        await box.create_container()
        for name in ("in/a.txt", "out/a.tar", "in/.tar"):
            await box.upload_blob(name, b"no")
        await box.upload_blob("in/b.tar", b"yes")
        assert await soon(recorder.seen.get()) == (f"{environment['BOX']}/in/b.tar", b"yes")
        await eventually(lambda: completed(environment, 1))
    assert recorder.seen.empty()


async def test_a_restart_neither_fires_again_nor_forgets(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    await box.create_container()
    await box.upload_blob("a/1.tar", b"one")
    first = Recorder()
    async with serve(first.app, tmp_path, environment, **FAST):
        assert (await soon(first.seen.get()))[1] == b"one"
        await eventually(lambda: completed(environment, 1))
    await box.upload_blob("a/2.tar", b"two")  # while no host runs

    interrupted = Recorder()
    interrupted.hold = asyncio.Event()
    async with serve(interrupted.app, tmp_path, environment, **FAST | {"grace_seconds": 0}):
        assert (await soon(interrupted.seen.get()))[1] == b"two"  # and is cancelled in the middle of it
    assert await completed(environment, 1)

    last = Recorder()
    async with serve(last.app, tmp_path, environment, **FAST):
        assert (await soon(last.seen.get()))[1] == b"two"
        await eventually(lambda: completed(environment, 2))
    assert interrupted.seen.empty()
    assert last.seen.empty()
    versions = {
        name.split("/", 1)[1].split("/", 1)[1]: metadata["tries"]
        for name, metadata in (await receipts(environment)).items()
    }
    assert versions == {f"{environment['BOX']}/a/1.tar": "1", f"{environment['BOX']}/a/2.tar": "2"}


async def test_a_blob_that_is_written_anew_fires_again(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    await box.create_container()
    await box.upload_blob("a/1.tar", b"one")
    recorder = Recorder()
    async with serve(recorder.app, tmp_path, environment, **FAST):
        assert (await soon(recorder.seen.get()))[1] == b"one"
        await box.upload_blob("a/1.tar", b"two", overwrite=True)
        assert (await soon(recorder.seen.get()))[1] == b"two"
        recorder.hold = asyncio.Event()
        await box.upload_blob("a/1.tar", b"three", overwrite=True)
        assert (await soon(recorder.seen.get()))[1] == b"three"
        await box.upload_blob("a/1.tar", b"four", overwrite=True)  # while the function runs
        recorder.hold.set()
        assert (await soon(recorder.seen.get()))[1] == b"four"
        await eventually(lambda: completed(environment, 4))


async def test_five_tries_and_then_the_poison_queue(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    await box.create_container()
    await box.upload_blob("a/bad.tar", b"bad")
    etag = (await box.get_blob_client("a/bad.tar").get_blob_properties()).etag
    recorder = Recorder()
    recorder.fail = True
    async with serve(recorder.app, tmp_path, environment, **FAST):
        messages = await eventually(lambda: poison(environment))
        await eventually(lambda: completed(environment, 1))
    assert recorder.seen.qsize() == 5
    assert messages == [
        {
            "Type": "BlobTrigger",
            "FunctionId": "Host.Functions.watch",
            "BlobType": "BlockBlob",
            "ContainerName": environment["BOX"],
            "BlobName": "a/bad.tar",
            "ETag": etag,
        }
    ]
    again = Recorder()
    await box.upload_blob("a/good.tar", b"good")
    async with serve(again.app, tmp_path, environment, **FAST):
        assert (await soon(again.seen.get()))[1] == b"good"
    assert again.seen.empty()


async def test_tries_are_counted_over_restarts(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    await box.create_container()
    await box.upload_blob("a/deadly.tar", b"x")
    for _ in range(5):  # each time the host ends in the middle of the function
        recorder = Recorder()
        recorder.hold = asyncio.Event()
        async with serve(recorder.app, tmp_path, environment, **FAST | {"grace_seconds": 0}):
            await soon(recorder.seen.get())
    recorder = Recorder()
    async with serve(recorder.app, tmp_path, environment, **FAST):
        assert len(await eventually(lambda: poison(environment))) == 1
    assert recorder.seen.empty()


async def test_a_blob_that_succeeds_at_the_third_try_is_no_poison(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    tries: list[int] = []

    @app.blob_trigger(arg_name="blob", path="%BOX%/{name}", connection="Data")
    async def flaky(blob: func.InputStream, context: func.Context) -> None:
        tries.append(context.retry_context.retry_count)
        if len(tries) < 3:
            raise ConnectionError

    await box.create_container()
    await box.upload_blob("a", b"")
    async with serve(app, tmp_path, environment, **FAST):
        await eventually(lambda: completed(environment, 1))
    assert tries == [0, 1, 2]
    assert await poison(environment) == []


async def test_no_more_functions_run_at_a_time_than_host_json_allows(
    environment: dict[str, str], box: ContainerClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    now, most, done = 0, 0, 0

    @app.blob_trigger(arg_name="blob", path="%BOX%/{name}", connection="Data")
    async def measure(blob: func.InputStream) -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        done += 1

    await box.create_container()
    for number in range(8):
        await box.upload_blob(str(number), b"")
    limits = {"extensions": {"blobs": {"maxDegreeOfParallelism": 2}}}
    async with serve(app, tmp_path, environment, host_json=limits, **FAST):
        await eventually(lambda: completed(environment, 8))
    assert (most, done) == (2, 8)


async def test_a_connection_that_is_not_set_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no app setting Data"):
        async with serve(Recorder("box/{name}").app, tmp_path):
            pass
