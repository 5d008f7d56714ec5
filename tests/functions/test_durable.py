import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import azure.durable_functions as df
import grpc
import pytest

from functions.durable import is_alive, start
from local.host.durable.hub import TaskHub
from shared.tasks import Task

TASK = Task(owner="default", dataset="d")


@asynccontextmanager
async def client(hub: TaskHub) -> AsyncIterator[df.DurableFunctionsClient]:
    """A client as the host's binding makes it."""
    told = f'{{"taskHubName": "t", "rpcBaseUrl": "http://{hub.address}", "baseUrl": "http://{hub.address}"}}'
    made = df.DurableFunctionsClient(told)
    try:
        yield made
    finally:
        await made.close()


def test_two_starts_of_the_same_thing_are_one() -> None:
    async def run(hub: TaskHub) -> bool:
        async with client(hub) as durable:
            assert not await is_alive(durable, "d")
            await asyncio.gather(*(start(durable, "build_dataset", TASK, "d") for _ in range(5)))
            return await is_alive(durable, "d")

    hub = TaskHub()
    hub.start()
    try:
        assert asyncio.run(run(hub))
    finally:
        hub.stop()


def test_a_start_that_really_fails_is_told() -> None:
    async def run(hub: TaskHub) -> None:
        async with client(hub) as durable:
            await start(durable, "build_dataset", TASK, "d")

    hub = TaskHub()
    hub.start()
    hub.stop()
    with pytest.raises(grpc.RpcError):
        asyncio.run(run(hub))
