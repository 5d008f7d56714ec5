"""Things of a tenant in every container and blob container, whatever containers there are."""

import uuid
from dataclasses import dataclass

from shared import blobs, cosmos
from shared.cosmos import CONTAINERS
from shared.quotas import set_limits
from shared.tasks import Task
from tests.shared.conftest import store

SECRET = "s3cr3t-of-this-test"


@dataclass(frozen=True)
class Seeded:
    """A tenant with a dataset; `documents` and `files` say what is left of what was seeded."""

    owner: str
    task: Task

    def partition(self, path: str) -> str:
        """Where a container's documents of this tenant are; a path that is new to this test is a KeyError."""
        return {"/owner": self.owner, "/dataset": self.task.dataset, "/id": f"key-{self.owner}"}[path]

    def documents(self) -> dict[str, int]:
        """Container -> how many documents."""
        return {
            name: len(cosmos.query(name, "SELECT c.id FROM c", {}, self.partition(path)))
            for name, path in CONTAINERS.items()
        } | {"quotas": len(cosmos.query("principals", "SELECT c.id FROM c", {}, f"tenant:{self.owner}"))}

    def files(self) -> dict[str, int]:
        """Blob container -> how many blobs."""
        found = {}
        for name in blobs.CONTAINERS:
            client = blobs.service().get_container_client(name)
            prefixes = (f"{self.owner}/", f"{self.task.dataset}/")
            found[name] = sum(len(list(client.list_blob_names(name_starts_with=one))) for one in prefixes)
        return found


def seed(owner: str) -> Seeded:
    """A tenant with something everywhere."""
    found = Seeded(owner, store(owner))
    for name, path in CONTAINERS.items():
        id_ = found.partition(path) if path == "/id" else uuid.uuid4().hex
        item = {
            "id": id_, "owner": owner, "dataset": found.task.dataset, "kind": "thing", "digest": SECRET,
            "secret": SECRET, "state": "done", "entry": "host:a", "created": "2026-11-22T00:00:00Z", "hashes": [],
        }  # fmt: skip
        if name != "datasets":
            cosmos.container(name).upsert_item(item)
    set_limits(owner, {"concurrent_builds": 3})
    for name in blobs.CONTAINERS:
        client = blobs.service().get_container_client(name)
        for prefix in (owner,) if name == "uploads" else (found.task.dataset,):
            client.upload_blob(f"{prefix}/a/b.bin", b"1", overwrite=True)
    return found
