"""Services that run here for real, shared by the tests that need them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def served(command: Callable[[int], list[str]], what: str) -> Iterator[int]:
    """The port of a running server; it is started again on another when somebody took the free one in between."""
    for _ in range(3):
        port = free_port()
        process = spawn(command(port))
        wait_until(lambda: process.poll() is not None or port_answers(port), 30, f"{what} answering")  # noqa: B023  at once
        if process.poll() is None:
            break
    try:
        yield port
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
    data = tmp_path_factory.mktemp("cosmos") / "cosmos.sqlite"
    with served(lambda port: cosmos_service.command(data, port=port), "the Cosmos DB stand-in") as port:
        yield Cosmos(f"http://127.0.0.1:{port}/", cosmos_service.DEFAULT_KEY)
