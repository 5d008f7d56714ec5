"""Databases, containers and the account through the real SDK, sync and aio, against every service."""

import uuid
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError, CosmosResourceExistsError, CosmosResourceNotFoundError

from tests.local.cosmos import drivers
from tests.local.cosmos.conftest import NewContainer, Service
from tests.local.cosmos.drivers import everything

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_database_lives_and_dies(client: Any) -> None:
    name = f"db-{uuid.uuid4()}"
    await client.create_database(name)
    try:
        with pytest.raises(CosmosResourceExistsError):
            await client.create_database(name)
        database = await client.create_database_if_not_exists(name)
        assert (await database.read())["id"] == name
        assert name in {one["id"] for one in await everything(client.list_databases())}
    finally:
        await client.delete_database(name)
    assert name not in {one["id"] for one in await everything(client.list_databases())}


async def test_a_missing_database_is_not_found(client: Any) -> None:
    with pytest.raises(CosmosResourceNotFoundError):
        await client.get_database_client("nobody").read()
    with pytest.raises(CosmosResourceNotFoundError):
        await client.delete_database("nobody")


async def test_databases_are_found_by_query(client: Any, service: Service) -> None:
    found = client.query_databases(
        "SELECT VALUE d.id FROM d WHERE d.id = @id", parameters=[{"name": "@id", "value": service.database}]
    )

    assert await everything(found) == [service.database]


async def test_a_container_lives_and_dies(database: Any) -> None:
    name, key = f"c-{uuid.uuid4()}", PartitionKey("/pk")
    await database.create_container(name, key)
    with pytest.raises(CosmosResourceExistsError):
        await database.create_container(name, key)
    container = await database.create_container_if_not_exists(name, key)
    properties = await container.read()
    assert properties["partitionKey"]["paths"] == ["/pk"]
    assert name in {one["id"] for one in await everything(database.list_containers())}

    await database.delete_container(name)

    with pytest.raises(CosmosResourceNotFoundError):
        await database.get_container_client(name).read()


async def test_items_of_a_missing_container_are_not_found(database: Any) -> None:
    with pytest.raises(CosmosResourceNotFoundError):
        await database.get_container_client("nobody").read_item("a", "p")


async def test_containers_are_found_by_query(database: Any) -> None:
    found = database.query_containers("SELECT VALUE r.id FROM root r WHERE r.id = 'library'")

    assert await everything(found) == ["library"]


async def test_a_container_keeps_its_settings(new_container: NewContainer) -> None:
    indexing = {"compositeIndexes": [[{"path": "/a", "order": "ascending"}, {"path": "/b", "order": "descending"}]]}

    container = await new_container(["/a", "/b"], default_ttl=60, indexing_policy=indexing)

    properties = await container.read()
    assert properties["partitionKey"]["paths"] == ["/a", "/b"]
    assert properties["partitionKey"]["kind"] == "MultiHash"
    assert properties["defaultTtl"] == 60
    assert properties["indexingPolicy"]["compositeIndexes"] == indexing["compositeIndexes"]


async def test_ttl_of_a_container_can_be_changed_but_not_its_partition_key(
    database: Any, new_container: NewContainer
) -> None:
    container = await new_container()
    name = (await container.read())["id"]

    await database.replace_container(name, PartitionKey("/pk"), default_ttl=7)
    with pytest.raises(CosmosHttpResponseError) as caught:
        await database.replace_container(name, PartitionKey("/other"))

    assert caught.value.status_code == 400
    assert (await container.read())["defaultTtl"] == 7


async def test_lists_come_in_pages(database: Any, new_container: NewContainer) -> None:
    for _ in range(3):
        await new_container()

    pages, _ = await drivers.page_by_page(database.list_containers(max_item_count=2))

    assert len(pages[0]) == 2
    assert len([one for page in pages for one in page]) >= 4


async def test_another_key_is_refused(service: Service, flavour: str) -> None:
    wrong = "d3Jvbmc=" + service.key[8:]

    with pytest.raises(CosmosHttpResponseError) as caught:
        async with drivers.client(flavour, service.endpoint, wrong) as client:
            await client.create_database("nobody")

    assert caught.value.status_code == 401


async def test_every_answer_says_its_charge_and_activity(container: Any) -> None:
    item = await container.create_item({"id": "a", "pk": "p"})

    headers = item.get_response_headers()
    assert float(headers["x-ms-request-charge"]) > 0
    assert headers["x-ms-activity-id"]
    assert headers["x-ms-session-token"]
    assert headers["etag"] == item["_etag"]
