"""Steps of a tenant's erasure: what there is of it, dataset by dataset, then the rest, then who may ask for it.

Where a container's documents lie follows from its partition key, so that one added later is emptied too.
"""

from collections.abc import Mapping

from shared import audit, blobs, datasets, rights
from shared.audit import AuditLine
from shared.blobs import BlobFolder
from shared.cosmos import CONTAINERS, container, query
from shared.steps import lifecycle
from shared.tasks import ErasureTask, TakedownTask, Task
from shared.uuid7 import uuid7_of

PAGE = 40

BLOBS: Mapping[str, str] = {"raw": "dataset", "datasets": "dataset", "uploads": "tenant"}
"""Blob container -> whose name its blobs' names begin with."""

OF_TENANT = "SELECT * FROM c WHERE c.owner = @owner OR (c.kind = 'tenant' AND c.tenant = @owner)"
"""A tenant's keys and quotas. Never by id: one tenant may be called as another one's key."""

_LAST = frozenset({audit.NAME, rights.NAME})
"""Emptied at the very end: what was done, and that it is being done."""


def page(task: ErasureTask) -> tuple[str, ...]:
    """Some of the tenant's datasets, taken out of sight, so that no step of a build goes on; none when all are gone."""
    items = query(datasets.NAME, f"SELECT c.id FROM c OFFSET 0 LIMIT {PAGE}", {}, task.owner)  # noqa: S608 (a number of ours)
    found = tuple(str(item["id"]) for item in items)
    for dataset in found:
        lifecycle.mark_deleting(task.owner, dataset)
    return found


def dataset(task: Task) -> None:
    """Remove all of one dataset, its document last."""
    for name, whose in BLOBS.items():
        if whose == "dataset":
            BlobFolder(blobs.service().get_container_client(name), task.dataset).clear()
    for name, path in CONTAINERS.items():
        if path == "/dataset":
            _empty(name, task.dataset)
    lifecycle.erase(task)


def instances(task: ErasureTask) -> tuple[str, ...]:
    """Orchestrations whose histories tell of the tenant, apart from those of datasets."""
    attempts = query("webhooks", "SELECT * FROM c WHERE c.kind = 'delivery'", {}, task.owner)
    told = {f"deliver-{one['message']}-{one['webhook']}" for one in attempts}
    entries = query("takedowns", "SELECT c.id, c.created FROM c", {}, task.owner)
    taken = {TakedownTask(owner=task.owner, takedown=one["id"], created=one["created"]).instance for one in entries}
    exports = query(rights.NAME, "SELECT c.id FROM c WHERE c.kind = 'export'", {}, task.owner)
    return tuple(sorted(told | taken | {f"export-{one['id']}" for one in exports}))


def documents(task: ErasureTask) -> None:
    """Remove the tenant's blobs, and its documents except for keys, the audit trail and the word of its erasure."""
    for name, whose in BLOBS.items():
        if whose == "tenant":
            BlobFolder(blobs.service().get_container_client(name), task.owner).clear()
    for name, path in CONTAINERS.items():
        if path == "/owner" and name not in _LAST:
            _empty(name, task.owner)


def access(task: ErasureTask) -> None:
    """Remove keys, and the tenant itself: from now on nobody gets in with them."""
    for name, path in CONTAINERS.items():
        if path == "/id":
            for item in query(name, OF_TENANT, {"owner": task.owner}, None):
                _delete(name, item["id"], item["id"])


def end(task: ErasureTask) -> None:
    """Remove what came meanwhile, leave one line that says who erased it and when, and be done."""
    documents(task)
    access(task)
    proof = AuditLine(
        id=uuid7_of(task.created, task.erasure),
        owner=task.owner,
        request=task.erasure,
        subject=task.by,
        action=audit.ERASE,
        outcome="done",
    )
    audit.write(proof, forever=True)
    for item in query(audit.NAME, "SELECT c.id, c.action, c.ttl FROM c", {}, task.owner):
        if (item.get("action"), item.get("ttl")) != (
            audit.ERASE,
            audit.FOR_EVER,
        ):  # earlier erasures were, all the same
            _delete(audit.NAME, item["id"], task.owner)
    for item in query(rights.NAME, "SELECT c.id FROM c WHERE c.id != @word", {"word": rights.ERASURE}, task.owner):
        _delete(rights.NAME, item["id"], task.owner)
    rights.end_erasure(task.owner)


def is_proven(owner: str, erasure: str) -> bool:
    """Whether the audit trail says that this erasure is done."""
    sql = "SELECT c.id FROM c WHERE c.request = @erasure AND c.action = @action AND c.outcome = 'done'"
    return bool(query(audit.NAME, sql, {"erasure": erasure, "action": audit.ERASE}, owner))


def _empty(name: str, partition: str) -> None:
    for item in query(name, "SELECT c.id FROM c", {}, partition):
        _delete(name, item["id"], partition)


def _delete(name: str, item: str, partition: str) -> None:
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    try:
        container(name).delete_item(item, partition)
    except CosmosResourceNotFoundError:
        return
