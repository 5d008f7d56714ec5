"""Patches and transactional batches through the real SDK, sync and aio, against every service."""

from copy import deepcopy
from typing import Any

import pytest
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosBatchOperationError,
    CosmosHttpResponseError,
    CosmosResourceNotFoundError,
)

from tests.local.cosmos.drivers import everything, query

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATCHES: list[tuple[list[dict[str, Any]], dict[str, Any]]] = [
    ([{"op": "add", "path": "/new", "value": 1}], {"new": 1}),
    ([{"op": "add", "path": "/list/1", "value": "x"}], {"list": ["a", "x", "b"]}),
    ([{"op": "add", "path": "/list/-", "value": "x"}], {"list": ["a", "b", "x"]}),
    ([{"op": "set", "path": "/list/0", "value": "x"}], {"list": ["x", "b"]}),
    ([{"op": "set", "path": "/deep/other", "value": {"y": 2}}], {"deep": {"n": 1, "other": {"y": 2}}}),
    ([{"op": "replace", "path": "/deep/n", "value": None}], {"deep": {"n": None}}),
    ([{"op": "remove", "path": "/list/0"}], {"list": ["b"]}),
    ([{"op": "incr", "path": "/deep/n", "value": 2.5}], {"deep": {"n": 3.5}}),
    ([{"op": "incr", "path": "/count", "value": -3}], {"count": -3}),
    ([{"op": "move", "from": "/deep/n", "path": "/n"}], {"deep": {}, "n": 1}),
    (
        [{"op": "incr", "path": "/deep/n", "value": 1}, {"op": "set", "path": "/list", "value": []}],
        {"deep": {"n": 2}, "list": []},
    ),
]


@pytest.mark.parametrize(("operations", "changed"), PATCHES)
async def test_a_patch_changes_what_it_says(
    container: Any, operations: list[dict[str, Any]], changed: dict[str, Any]
) -> None:
    body = {"id": "a", "pk": "p", "list": ["a", "b"], "deep": {"n": 1}}
    await container.create_item(body)

    answered = await container.patch_item("a", "p", operations)
    read = await container.read_item("a", "p")

    assert dict(answered) == dict(read)
    assert {name: value for name, value in read.items() if not name.startswith("_")} == body | changed


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/nothing", "value": 1},
        {"op": "remove", "path": "/nothing"},
        {"op": "incr", "path": "/text", "value": 1},
        {"op": "add", "path": "/list/5", "value": 1},
        {"op": "set", "path": "/nothing/deeper", "value": 1},
        {"op": "set", "path": "/id", "value": "b"},
        {"op": "set", "path": "/pk", "value": "q"},
        {"op": "destroy", "path": "/text"},
    ],
    ids=str,
)
async def test_a_patch_that_does_not_fit_changes_nothing(container: Any, operation: dict[str, Any]) -> None:
    item = await container.create_item({"id": "a", "pk": "p", "text": "t", "list": []})

    with pytest.raises(CosmosHttpResponseError) as caught:
        await container.patch_item("a", "p", [{"op": "set", "path": "/text", "value": "new"}, operation])

    assert caught.value.status_code == 400
    assert await container.read_item("a", "p") == item


async def test_a_patch_under_a_condition(container: Any) -> None:
    await container.create_item({"id": "a", "pk": "p", "state": "building"})
    ready = [{"op": "set", "path": "/state", "value": "ready"}]

    await container.patch_item("a", "p", ready, filter_predicate="FROM c WHERE c.state = 'building'")
    with pytest.raises(CosmosAccessConditionFailedError):
        await container.patch_item("a", "p", ready, filter_predicate="FROM c WHERE c.state = 'building'")

    assert (await container.read_item("a", "p"))["state"] == "ready"


async def test_a_patch_of_nothing_is_not_found(container: Any) -> None:
    with pytest.raises(CosmosResourceNotFoundError):
        await container.patch_item("a", "p", [{"op": "set", "path": "/n", "value": 1}])


async def test_a_batch_does_all_of_it(container: Any) -> None:
    await container.create_item({"id": "old", "pk": "p", "n": 1})

    results = await container.execute_item_batch(
        [
            ("create", ({"id": "new", "pk": "p"},)),
            ("upsert", ({"id": "old", "pk": "p", "n": 2},)),
            (
                "patch",
                ("old", [{"op": "incr", "path": "/n", "value": 5}]),
                {"filter_predicate": "FROM c WHERE c.n = 2"},
            ),
            ("read", ("old",)),
            ("replace", ("new", {"id": "new", "pk": "p", "n": 9})),
            ("create", ({"id": "gone", "pk": "p"},)),
            ("delete", ("gone",)),
        ],
        "p",
    )

    assert [result["statusCode"] for result in results] == [201, 200, 200, 200, 200, 201, 204]
    assert results[3]["resourceBody"]["n"] == 7
    found = await everything(query(container, "SELECT c.id, c.n FROM c ORDER BY c.id", partition_key="p"))
    assert found == [{"id": "new", "n": 9}, {"id": "old", "n": 7}]


@pytest.mark.parametrize(
    ("failing", "status"),
    [
        (("create", ({"id": "old", "pk": "p"},)), 409),
        (("delete", ("nobody",)), 404),
        (("create", ({"id": "other", "pk": "q"},)), 400),
        (("replace", ("old", {"id": "old", "pk": "p"}), {"if_match_etag": '"other"'}), 412),
        (
            ("patch", ("old", [{"op": "set", "path": "/n", "value": 3}]), {"filter_predicate": "FROM c WHERE c.n = 3"}),
            412,
        ),
    ],
    ids=["409", "404", "400", "412 etag", "412 condition"],
)
async def test_a_batch_that_fails_leaves_no_trace(container: Any, failing: Any, status: int) -> None:
    old = await container.create_item({"id": "old", "pk": "p", "n": 1})

    with pytest.raises(CosmosBatchOperationError) as caught:
        await container.execute_item_batch(
            [
                ("create", ({"id": "new", "pk": "p"},)),
                ("patch", ("old", [{"op": "incr", "path": "/n", "value": 5}])),
                deepcopy(failing),  # the SDK takes the options out of it
                ("create", ({"id": "newer", "pk": "p"},)),
            ],
            "p",
        )

    assert caught.value.error_index == 2
    assert [one["statusCode"] for one in caught.value.operation_responses] == [424, 424, status, 424]
    assert await everything(query(container, "SELECT * FROM c", partition_key="p")) == [old]
