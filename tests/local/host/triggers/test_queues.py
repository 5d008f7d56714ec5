import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import azure.functions as func
import pytest
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from tests.local.host.support import eventually, serve, soon

FAST: dict[str, Any] = {"queue_poll_seconds": 0.02}


@pytest.fixture
def environment(azurite: str) -> dict[str, str]:
    return {"AzureWebJobsStorage": azurite, "QUEUE": f"q{uuid4().hex}"}


@pytest.fixture
async def queue(environment: dict[str, str]) -> AsyncIterator[QueueClient]:
    async with QueueServiceClient.from_connection_string(environment["AzureWebJobsStorage"]) as service:
        yield service.get_queue_client(environment["QUEUE"])


def encode(body: bytes) -> str:
    return base64.b64encode(body).decode()


async def is_empty(queue: QueueClient) -> bool:
    return (await queue.get_queue_properties()).approximate_message_count == 0


async def poisoned(environment: dict[str, str], count: int) -> list[str]:
    async with QueueServiceClient.from_connection_string(environment["AzureWebJobsStorage"]) as service:
        name = f"{environment['QUEUE']}-poison"
        if name not in [item.name async for item in service.list_queues()]:
            return []
        found = [m.content for m in await service.get_queue_client(name).peek_messages(max_messages=32)]
        return found if len(found) == count else []


async def test_messages_are_decoded_given_and_deleted(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    seen: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()

    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def take(message: func.QueueMessage) -> None:
        assert message.insertion_time
        assert message.expiration_time
        assert message.time_next_visible
        times = message.insertion_time <= message.time_next_visible <= message.expiration_time
        await seen.put((message.get_body(), message.dequeue_count, message.id, bool(message.pop_receipt), times))

    async with serve(app, tmp_path, environment, **FAST):  # the queue comes later
        await queue.create_queue()
        sent = await queue.send_message(encode("grün <&>".encode()))
        assert await soon(seen.get()) == ("grün <&>".encode(), 1, sent.id, True, True)
        await eventually(lambda: is_empty(queue))


async def test_without_encoding_text_is_text(environment: dict[str, str], queue: QueueClient, tmp_path: Path) -> None:
    app = func.FunctionApp()
    seen: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    @app.queue_trigger(arg_name="text", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    def take(text: str) -> None:
        loop.call_soon_threadsafe(seen.put_nowait, text)

    await queue.create_queue()
    await queue.send_message("not base64 ü")
    plain = {"extensions": {"queues": {"messageEncoding": "none"}}}
    async with serve(app, tmp_path, environment, host_json=plain, **FAST):
        assert await soon(seen.get()) == "not base64 ü"


async def test_a_message_that_always_fails_goes_to_the_poison_queue(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    counts: list[int] = []

    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def take(message: func.QueueMessage) -> None:
        counts.append(message.dequeue_count or 0)
        raise ValueError

    await queue.create_queue()
    await queue.send_message(encode(b"bad"))
    await queue.send_message("!!! not base64 !!!")
    limits = {"extensions": {"queues": {"maxDequeueCount": 3}}}
    async with serve(app, tmp_path, environment, host_json=limits, **FAST):
        found = await eventually(lambda: poisoned(environment, 2))
        await eventually(lambda: is_empty(queue))
    assert sorted(found) == sorted([encode(b"bad"), encode(b"!!! not base64 !!!")])
    assert counts == [1, 2, 3]


async def test_a_message_that_is_no_text_is_given_up_at_once_where_text_is_wanted(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="text", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def take(text: str) -> None: ...

    await queue.create_queue()
    await queue.send_message(encode(b"\xff"))
    async with serve(app, tmp_path, environment, **FAST):
        assert await eventually(lambda: poisoned(environment, 1)) == [encode(b"\xff")]


async def test_the_next_host_gets_what_a_killed_one_had_in_hand(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.host.triggers.queues._LEASE_SECONDS", 1)
    seen: asyncio.Queue[int] = asyncio.Queue()
    release = asyncio.Event()

    def new_app() -> func.FunctionApp:
        app = func.FunctionApp()

        @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
        async def take(message: func.QueueMessage) -> None:
            await seen.put(message.dequeue_count or 0)
            await release.wait()

        return app

    await queue.create_queue()
    await queue.send_message(encode(b"x"))
    async with serve(new_app(), tmp_path, environment, **FAST | {"grace_seconds": 0}):
        assert await soon(seen.get()) == 1
        with pytest.raises(TimeoutError):  # the lease alone would be over by then: it was renewed
            await asyncio.wait_for(seen.get(), 1.3)
    async with serve(new_app(), tmp_path, environment, **FAST):
        assert await soon(seen.get()) == 2
        release.set()
        await eventually(lambda: is_empty(queue))


async def test_a_message_that_kills_its_hosts_is_given_up_uncalled(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    counts: list[int] = []

    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def take(message: func.QueueMessage) -> None:
        counts.append(message.dequeue_count or 0)

    await queue.create_queue()
    await queue.send_message(encode(b"deadly"))
    for _ in range(2):  # two hosts took it and never came to its end
        taken = await queue.receive_message()
        assert taken
        await queue.update_message(taken, visibility_timeout=0)
    limits = {"extensions": {"queues": {"maxDequeueCount": 2}}}
    async with serve(app, tmp_path, environment, host_json=limits, **FAST):
        assert await eventually(lambda: poisoned(environment, 1)) == [encode(b"deadly")]
        await eventually(lambda: is_empty(queue))
    assert counts == []


async def test_a_poison_queue_has_none_of_its_own(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.host.triggers.queues._LEASE_SECONDS", 1)
    environment |= {"QUEUE": f"{environment['QUEUE']}-poison"}
    app = func.FunctionApp()
    seen: asyncio.Queue[int] = asyncio.Queue()

    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def take(message: func.QueueMessage) -> None:
        await seen.put(message.dequeue_count or 0)
        if message.dequeue_count != 3:
            raise ValueError

    async with QueueServiceClient.from_connection_string(environment["AzureWebJobsStorage"]) as service:
        queue = service.get_queue_client(environment["QUEUE"])
        await queue.create_queue()
        await queue.send_message(encode(b"bad"))
        limits = {"extensions": {"queues": {"maxDequeueCount": 1}}}
        async with serve(app, tmp_path, environment, host_json=limits, **FAST):
            assert await soon(seen.get()) == 1
            with pytest.raises(TimeoutError):  # it stays out of sight, so that nothing spins
                await asyncio.wait_for(seen.get(), 0.5)
            assert [await soon(seen.get()), await soon(seen.get())] == [2, 3]
            await eventually(lambda: is_empty(queue))
        assert await poisoned(environment, 1) == []


async def test_a_batch_is_fetched_only_when_few_are_in_hand(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path
) -> None:
    app = func.FunctionApp()
    now, most, done = 0, 0, 0

    @app.queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def measure(message: func.QueueMessage) -> None:
        nonlocal now, most, done
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        done += 1

    await queue.create_queue()
    for number in range(12):
        await queue.send_message(encode(str(number).encode()))
    limits = {"extensions": {"queues": {"batchSize": 2, "newBatchThreshold": 1}}}
    async with serve(app, tmp_path, environment, host_json=limits, **FAST):
        await eventually(lambda: is_empty(queue))
    assert done == 12
    assert most <= 3  # the threshold and one batch, as in the real host


async def test_run_by_hand_puts_the_input_into_the_queue(environment: dict[str, str], tmp_path: Path) -> None:
    app = func.FunctionApp()
    seen: asyncio.Queue[bytes] = asyncio.Queue()

    @app.queue_trigger(arg_name="body", queue_name="%QUEUE%", connection="AzureWebJobsStorage")
    async def take(body: bytes) -> None:
        await seen.put(body)

    async with serve(app, tmp_path, environment, **FAST) as client:
        assert (await client.post("/admin/functions/take", json={"input": "by hand"})).status_code == 202
        assert await soon(seen.get()) == b"by hand"
