"""What Bicep makes in storage and in Cosmos DB is what the code expects there."""

import json

import pytest

from functions import triggers
from shared import blobs, cosmos
from tests.infra.queries import compared
from tests.infra.reading import INFRA, ROOT, data, declared, literals, string, text

CONTAINERS = {container["name"]: container for container in data("core/containers.json")}

ALWAYS_INDEXED = {"id", "_ts"}
"""By the service itself, whatever the policy says."""
BY_NAME = {"audit": {"action", "subject", "dataset"}}
"""Conditions whose property is put in when the query is made."""
NOT_WORTH_IT = {"datasets": {"spec"}, "audit": {"ttl"}}
"""Compared only where an indexed condition has left a handful."""


def test_every_container_is_made_with_its_partition_key() -> None:
    assert {name: container["partitionKey"] for name, container in CONTAINERS.items()} == cosmos.CONTAINERS


def test_documents_expire_where_the_code_says_so() -> None:
    assert {name for name, container in CONTAINERS.items() if container["expires"]} == cosmos.EXPIRING


@pytest.mark.parametrize("name", cosmos.CONTAINERS)
def test_what_queries_compare_is_indexed_and_nothing_else(name: str) -> None:
    asked = (compared().get(name, set()) | BY_NAME.get(name, set())) - ALWAYS_INDEXED - NOT_WORTH_IT.get(name, set())
    partition = {cosmos.CONTAINERS[name].removeprefix("/")} - ALWAYS_INDEXED
    assert {path["path"] for path in CONTAINERS[name]["includedPaths"]} == {f"/{name}/?" for name in asked | partition}


@pytest.mark.parametrize("name", cosmos.CONTAINERS)
def test_containers_are_indexed_as_the_code_makes_them(name: str) -> None:
    included = cosmos.indexing_policy(name)["includedPaths"]
    assert {path["path"] for path in CONTAINERS[name]["includedPaths"]} == {path["path"] for path in included}


def test_blob_containers_are_made() -> None:
    bicep = text(declared("core/storage.bicep", "containers"))
    assert all(f"'{name}'" in bicep for name in blobs.CONTAINERS)


def test_exports_are_found_by_the_tag_that_they_have() -> None:
    rules = literals(declared("core/storage.bicep", "lifecycle"))
    assert {"name": "kind", "op": "==", "value": "export"} in rules


def test_the_poison_queue_is_that_of_the_trigger() -> None:
    bindings = triggers.give_up_shard._function.get_bindings()
    names = {binding.queue_name for binding in bindings if hasattr(binding, "queue_name")}
    assert names == {string("core/storage.bicep", "poisonQueue")}


def test_the_task_hub_is_that_of_host_json() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    assert string("main.bicep", "taskHub") == host["extensions"]["durableTask"]["hubName"]


def test_the_app_may_read_and_write_documents_and_no_more() -> None:
    """The built-in role, whose id is the same in every account; the role of the template's own reads metadata."""
    assert string("core/cosmos.bicep", "dataContributor") == "00000000-0000-0000-0000-000000000002"
    [*_, permission] = literals(declared("core/cosmos.bicep", "metadataReader"))
    assert permission == {"dataActions": "['Microsoft.DocumentDB/databaseAccounts/readMetadata']"}


def test_keys_are_off() -> None:
    assert "allowSharedKeyAccess: false" in (INFRA / "core/storage.bicep").read_text()
    assert "disableLocalAuth: true" in (INFRA / "core/cosmos.bicep").read_text()
