"""The services that the conformance tests run against, and the SDK's clients for them."""

import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from azure.cosmos import CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError

from local.azurite import ROOT
from local.cosmos import DEFAULT_KEY
from tests.conftest import served
from tests.local.cosmos import drivers, library
from tests.local.cosmos.second_opinion import gets_wrong

_VERCEL = Path(ROOT) / "node_modules" / "@vercel" / "cosmosdb-server" / "lib" / "cli.js"
_REAL = os.environ.get("COSMOS_TEST_ENDPOINT")

type NewContainer = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Service:
    """An account to test: `discovery` is what the client's `enable_endpoint_discovery` must be."""

    name: str
    endpoint: str
    key: str
    discovery: bool
    database: str


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that uses `service` runs against all that get it right, with both clients."""
    if "service" in metafunc.fixturenames:
        asked = gets_wrong(metafunc.function.__name__) is None
        names = ["stand-in", *(["vercel"] if asked else []), *(["real"] if _REAL else [])]
        metafunc.parametrize("service", names, indirect=True, scope="session")
    if "flavour" in metafunc.fixturenames:
        metafunc.parametrize("flavour", ["sync", "aio"], scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Queries that the second opinion answers wrongly are left out: its table says why."""
    wrong = [item for item in items if isinstance(item, pytest.Function) and _is_wrong(item)]
    if wrong:
        config.hook.pytest_deselected(items=wrong)
        items[:] = [item for item in items if item not in wrong]


def _is_wrong(item: pytest.Function) -> bool:
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    if parameters.get("service") != "vercel":
        return False
    case = parameters.get("case")
    query = case.text if case else str(parameters.get("text", parameters.get("operation", "")))
    return gets_wrong(item.originalname, query, in_partition=bool(case and case.shelf)) is not None


@pytest.fixture(scope="session")
def vercel() -> Iterator[str]:
    """A running @vercel/cosmosdb-server; the value is its endpoint."""
    words = ["node", str(_VERCEL), "--host", "127.0.0.1", "--no-ssl", "-p"]
    with served(lambda port: [*words, str(port)], "@vercel/cosmosdb-server") as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """One of the services, with a database of its own that is deleted in the end."""
    database = f"conformance-{uuid.uuid4()}"
    if request.param == "real":
        assert _REAL is not None
        found = Service(
            "real", _REAL, os.environ.get("COSMOS_TEST_KEY", DEFAULT_KEY), discovery=True, database=database
        )
    elif request.param == "vercel":
        found = Service("vercel", request.getfixturevalue("vercel"), DEFAULT_KEY, discovery=False, database=database)
    else:
        cosmos = request.getfixturevalue("cosmos")
        found = Service("stand-in", cosmos.endpoint, cosmos.key, discovery=True, database=database)
    with CosmosClient(found.endpoint, found.key, enable_endpoint_discovery=found.discovery) as client:
        home = client.create_database(database)
        shelf = home.create_container("library", PartitionKey("/shelf"), indexing_policy=library.INDEXING)
        for book in library.BOOKS:
            shelf.create_item(book)
        yield found
        client.delete_database(database)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(service: Service, flavour: str) -> AsyncIterator[Any]:
    """A client of the service, sync or aio."""
    async with drivers.client(
        flavour, service.endpoint, service.key, enable_endpoint_discovery=service.discovery
    ) as open_client:
        yield open_client


@pytest.fixture
def database(client: Any, service: Service) -> Any:
    """The tests' database."""
    return client.get_database_client(service.database)


@pytest.fixture
def books(database: Any) -> Any:
    """A container with the books of the library, for tests that only read."""
    return database.get_container_client("library")


@pytest_asyncio.fixture(loop_scope="session")
async def new_container(database: Any) -> AsyncIterator[NewContainer]:
    """Makes a container with that partition key; all are deleted in the end."""
    made: list[str] = []

    async def make(path: str | list[str] = "/pk", **options: Any) -> Any:
        name = f"c-{uuid.uuid4()}"
        made.append(name)
        key = PartitionKey(path) if isinstance(path, str) else PartitionKey(path=path)
        return await database.create_container(name, key, **options)

    yield make
    for name in made:
        with suppress(CosmosHttpResponseError):
            await database.delete_container(name)


@pytest_asyncio.fixture(loop_scope="session")
async def container(new_container: NewContainer) -> Any:
    """An empty container with the partition key /pk."""
    return await new_container()
