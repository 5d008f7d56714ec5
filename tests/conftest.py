"""Services that run here for real, shared by the tests that need them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from local import azurite as azurite_service
from local import cosmos as cosmos_service
from local.processes import free_port, port_answers, spawn, wait_until

# how long one example takes says more about the machine's load than about the code
settings.register_profile("pixcrawler", deadline=None)
settings.load_profile("pixcrawler")


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running Azurite; the value is its connection string."""
    ports = {"blob_port": free_port(), "queue_port": free_port(), "table_port": free_port()}
    location: Path = tmp_path_factory.mktemp("azurite")
    process = spawn(azurite_service.command(location, **ports))
    try:
        wait_until(lambda: all(port_answers(port) for port in ports.values()), 30, "Azurite answering")
        yield azurite_service.connection_string(**ports)
    finally:
        process.terminate()
        process.wait(20)


@dataclass(frozen=True, slots=True)
class Cosmos:
    """Where a Cosmos DB account answers, and its key."""

    endpoint: str
    key: str


@pytest.fixture(scope="session")
def cosmos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cosmos]:
    """A running Cosmos DB stand-in."""
    port = free_port()
    process = spawn(cosmos_service.command(tmp_path_factory.mktemp("cosmos") / "cosmos.sqlite", port=port))
    try:
        wait_until(lambda: port_answers(port), 30, "the Cosmos DB stand-in answering")
        yield Cosmos(f"http://127.0.0.1:{port}/", cosmos_service.DEFAULT_KEY)
    finally:
        process.terminate()
        process.wait(20)
