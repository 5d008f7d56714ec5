"""Point operations, partition keys, TTL and unique keys through the real SDK, sync and aio, against every service."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosHttpResponseError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)
from azure.cosmos.partition_key import NonePartitionKeyValue, NullPartitionKeyValue

from tests.local.cosmos.conftest import NewContainer, Service
from tests.local.cosmos.drivers import everything, query
from tests.local.cosmos.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_was_created_can_be_read(container: Any) -> None:
    body = {"id": "a", "pk": "p", "n": 1.5, "deep": {"list": [1, None, True, "é😀"]}}

    made = await container.create_item(body)
    read = await container.read_item("a", "p")

    assert dict(made) == dict(read)
    assert made.items() >= body.items()
    assert made.keys() >= {"_rid", "_self", "_etag", "_ts"}


async def test_an_id_is_taken_once_per_partition(container: Any) -> None:
    await container.create_item({"id": "a", "pk": "p"})
    await container.create_item({"id": "a", "pk": "q"})

    with pytest.raises(CosmosResourceExistsError):
        await container.create_item({"id": "a", "pk": "p"})


async def test_what_is_missing_is_not_found(container: Any) -> None:
    with pytest.raises(CosmosResourceNotFoundError):
        await container.read_item("a", "p")


async def test_a_missing_item_cannot_be_changed(container: Any) -> None:
    with pytest.raises(CosmosResourceNotFoundError):
        await container.replace_item("a", {"id": "a", "pk": "p"})
    with pytest.raises(CosmosResourceNotFoundError):
        await container.delete_item("a", "p")


async def test_an_item_is_found_in_its_own_partition_only(container: Any) -> None:
    await container.create_item({"id": "a", "pk": "p"})

    with pytest.raises(CosmosResourceNotFoundError):
        await container.read_item("a", "q")


async def test_upsert_creates_then_replaces(container: Any) -> None:
    first = await container.upsert_item({"id": "a", "pk": "p", "n": 1})
    second = await container.upsert_item({"id": "a", "pk": "p", "m": 2})

    assert first["_rid"] == second["_rid"]
    assert first["_etag"] != second["_etag"]
    assert "n" not in await container.read_item("a", "p")


async def test_replace_by_id_and_by_the_item_itself(container: Any) -> None:
    item = await container.create_item({"id": "a b+ü", "pk": "p", "n": 1})

    await container.replace_item("a b+ü", {"id": "a b+ü", "pk": "p", "n": 2})
    await container.replace_item(item, dict(item) | {"n": 3})

    assert (await container.read_item("a b+ü", "p"))["n"] == 3


async def test_delete(container: Any) -> None:
    await container.create_item({"id": "a", "pk": "p"})

    await container.delete_item("a", "p")

    assert await everything(container.read_all_items()) == []


async def test_a_write_with_an_old_etag_is_refused(container: Any) -> None:
    old = await container.create_item({"id": "a", "pk": "p"})
    new = await container.upsert_item({"id": "a", "pk": "p", "n": 2})
    seen = {"etag": old["_etag"], "match_condition": MatchConditions.IfNotModified}

    writes: list[Callable[[], Awaitable[Any]]] = [
        lambda: container.replace_item("a", {"id": "a", "pk": "p"}, **seen),
        lambda: container.upsert_item({"id": "a", "pk": "p"}, **seen),
        lambda: container.delete_item("a", "p", **seen),
        lambda: container.patch_item("a", "p", [{"op": "set", "path": "/n", "value": 1}], **seen),
    ]
    for write in writes:
        with pytest.raises(CosmosAccessConditionFailedError):
            await write()

    assert (await container.read_item("a", "p"))["_etag"] == new["_etag"]


async def test_a_write_with_the_newest_etag_is_done(container: Any) -> None:
    item = await container.create_item({"id": "a", "pk": "p"})
    seen = {"etag": item["_etag"], "match_condition": MatchConditions.IfNotModified}

    await container.replace_item("a", {"id": "a", "pk": "p", "n": 2}, **seen)

    assert (await container.read_item("a", "p"))["n"] == 2


async def test_a_read_of_what_is_known_has_no_body(container: Any) -> None:
    item = await container.create_item({"id": "a", "pk": "p"})

    known = await container.read_item("a", "p", etag=item["_etag"], match_condition=MatchConditions.IfModified)
    other = await container.read_item("a", "p", etag='"other"', match_condition=MatchConditions.IfModified)

    assert not known
    assert other == item


async def test_numbers_booleans_and_null_are_partition_keys_of_their_own(container: Any) -> None:
    keys = [1, True, "1", None, 0, False, 1.5]
    for key in keys:
        await container.create_item({"id": "a", "pk": key, "was": repr(key)})

    for key in keys:
        asked = NullPartitionKeyValue if key is None else key  # a query with None is one without partition key
        found = await everything(query(container, "SELECT VALUE c.was FROM c", partition_key=asked))
        assert found == [repr(key)]
    assert (await container.read_item("a", True))["was"] == "True"


async def test_an_item_without_a_partition_key(container: Any) -> None:
    await container.create_item({"id": "a", "n": 1})
    await container.create_item({"id": "a", "n": 2, "pk": None})

    assert (await container.read_item("a", NonePartitionKeyValue))["n"] == 1


async def test_nested_partition_key_path(new_container: NewContainer) -> None:
    container = await new_container("/owner/name")
    await container.create_item({"id": "a", "owner": {"name": "ann"}})

    assert (await container.read_item("a", "ann"))["id"] == "a"


async def test_hierarchical_partition_keys(new_container: NewContainer) -> None:
    container = await new_container(["/owner", "/dataset"])
    for owner, dataset in (("ann", "x"), ("ann", "y"), ("bob", "x")):
        await container.create_item({"id": "a", "owner": owner, "dataset": dataset})

    async def found(key: list[str]) -> list[Any]:
        text = "SELECT VALUE [c.owner, c.dataset] FROM c"
        return sorted(await everything(query(container, text, partition_key=key)))

    assert (await container.read_item("a", ["ann", "y"]))["dataset"] == "y"
    assert await found(["ann", "y"]) == [["ann", "y"]]
    assert await found(["ann"]) == [["ann", "x"], ["ann", "y"]]
    assert await found(["nobody"]) == []


async def test_the_feed_range_of_a_partition_key_holds_its_items(container: Any) -> None:
    for key in ("p", "q"):
        await container.create_item({"id": "a", "pk": key})

    feed_range = container.feed_range_from_partition_key("q")
    feed_range = await feed_range if hasattr(feed_range, "__await__") else feed_range
    found = await everything(query(container, "SELECT VALUE c.pk FROM c", feed_range=feed_range))

    assert found == ["q"]


async def test_an_item_above_two_megabytes_is_refused(container: Any) -> None:
    await container.create_item({"id": "big", "pk": "p", "text": "x" * (2 * 1024 * 1024 - 200)})

    with pytest.raises(CosmosHttpResponseError) as caught:
        await container.create_item({"id": "bigger", "pk": "p", "text": "x" * (2 * 1024 * 1024)})

    assert caught.value.status_code == 413
    with pytest.raises(CosmosResourceNotFoundError):
        await container.read_item("bigger", "p")


async def test_answers_without_a_body_when_asked(container: Any) -> None:
    made = await container.create_item({"id": "a", "pk": "p"}, no_response=True)

    assert not made
    assert (await container.read_item("a", "p"))["id"] == "a"


async def test_several_items_are_read_at_once(container: Any) -> None:
    for number in range(5):
        await container.create_item({"id": str(number), "pk": f"p{number % 2}"})

    found = await container.read_items([("0", "p0"), ("3", "p1"), ("9", "p1")])

    assert [item["id"] for item in found] == ["0", "3"]


async def test_an_expired_item_is_gone(new_container: NewContainer) -> None:
    container = await new_container(default_ttl=-1)
    await container.create_item({"id": "short", "pk": "p", "ttl": 1})
    await container.create_item({"id": "long", "pk": "p", "ttl": 1000})
    await container.create_item({"id": "ever", "pk": "p"})

    async def gone() -> bool:
        found = await everything(query(container, "SELECT VALUE c.id FROM c", partition_key="p"))
        return sorted(found) == ["ever", "long"]

    await eventually(gone, within=10)

    with pytest.raises(CosmosResourceNotFoundError):
        await container.read_item("short", "p")
    await container.create_item({"id": "short", "pk": "p"})  # its id is free again


async def test_unique_keys_hold_within_a_partition(new_container: NewContainer) -> None:
    container = await new_container(unique_key_policy={"uniqueKeys": [{"paths": ["/email"]}]})
    await container.create_item({"id": "a", "pk": "p", "email": "x"})
    await container.create_item({"id": "b", "pk": "q", "email": "x"})

    with pytest.raises(CosmosResourceExistsError):
        await container.create_item({"id": "c", "pk": "p", "email": "x"})
    await container.delete_item("a", "p")
    await container.create_item({"id": "c", "pk": "p", "email": "x"})


async def test_a_container_made_again_is_a_new_one(service: Service, client: Any, new_container: NewContainer) -> None:
    container = await new_container()
    await container.create_item({"id": "a", "pk": "p"})
    name = container.id if isinstance(getattr(container, "id", None), str) else (await container.read())["id"]
    database = client.get_database_client(service.database)

    await database.delete_container(name)
    await database.create_container(name, {"paths": ["/other"], "kind": "Hash", "version": 2})

    # The same client still believes in the old partition key, is told so, and looks again.
    await container.create_item({"id": "a", "other": "o"})
    assert (await container.read_item("a", "o"))["other"] == "o"
