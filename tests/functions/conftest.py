"""The app's stores, as the tests of `shared` have them, and a task hub with a client."""

import json
from collections.abc import AsyncIterator, Iterator

import azure.durable_functions as df
import pytest

from local.host.durable.hub import TaskHub
from tests.shared.conftest import configured, owner, stores

__all__ = ["configured", "owner", "stores"]


def client_of(address: str) -> df.DurableFunctionsClient:
    """A client of the task hub at this address."""
    told = {"taskHubName": "t", "rpcBaseUrl": f"http://{address}", "baseUrl": f"http://{address}"}
    return df.DurableFunctionsClient(json.dumps(told))


@pytest.fixture
def hub() -> Iterator[str]:
    """The address of a task hub."""
    running = TaskHub()
    yield running.start()
    running.stop()


@pytest.fixture
async def client(hub: str) -> AsyncIterator[df.DurableFunctionsClient]:
    """A client of the task hub."""
    found = client_of(hub)
    yield found
    await found.close()
