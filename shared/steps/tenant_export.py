"""Step `collect`: everything that is kept of a tenant as one zip of JSON Lines, without secrets."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from builder.zipstream import zip_chunks
from shared import datasets, rights
from shared.blobs import service
from shared.cosmos import CONTAINERS, query
from shared.documents import now
from shared.settings import settings
from shared.steps.erase import BLOBS, OF_TENANT
from shared.tasks import TenantExportTask

_SECRETS = frozenset({"digest", "secret", "answer", "seed"})
"""Members left out: of keys, of webhooks, and of answers that are kept to be given again."""

README = """Everything that PixCrawler keeps of this tenant.

documents/NAME.jsonl: one JSON object a line, as it is stored, without secrets.
blobs.jsonl: every file, with its size in bytes and when it was written; a dataset's are had from its exports.
"""


def collect(task: TenantExportTask) -> None:
    """Write the file and say that it is ready; nothing happens when that was done, or the export is gone."""
    from shared.problems import ProblemError

    try:
        document = rights.get_export(task.owner, task.export)
    except ProblemError:
        return
    if document.state != "collecting":
        return
    folder, name = rights.export_file(task.owner, task.export)
    written = folder.write(name, zip_chunks(_entries(task.owner)))
    expires = now() + timedelta(days=settings().export_days)
    rights.put_export(document.model_copy(update={"state": "ready", "expires": expires, "size_bytes": written}))


def _entries(owner: str) -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    ids = [str(one["id"]) for one in query(datasets.NAME, "SELECT c.id FROM c", {}, owner)]
    yield "README.txt", README.encode()
    for name, path in CONTAINERS.items():
        yield f"documents/{name}.jsonl", _lines(_documents(name, path, owner, ids))
    yield "blobs.jsonl", _lines(_blobs(owner, ids))


def _documents(name: str, path: str, owner: str, ids: list[str]) -> Iterator[dict[str, Any]]:
    if path == "/dataset":
        for dataset in ids:
            yield from query(name, "SELECT * FROM c", {}, dataset)
    elif path == "/id":
        yield from query(name, OF_TENANT, {"owner": owner}, None)
    else:
        yield from query(name, "SELECT * FROM c", {}, owner)


def _blobs(owner: str, ids: list[str]) -> Iterator[dict[str, Any]]:
    for container, whose in BLOBS.items():
        client = service().get_container_client(container)
        for prefix in ids if whose == "dataset" else [owner]:
            for blob in client.list_blobs(name_starts_with=f"{prefix}/"):
                written = blob.last_modified.isoformat()
                yield {"container": container, "name": blob.name, "bytes": blob.size, "written": written}


def _lines(items: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for item in items:
        yield json.dumps(_told(item), ensure_ascii=False).encode() + b"\n"


def _told(item: dict[str, Any]) -> dict[str, Any]:
    """Without secrets, and without what Cosmos DB adds."""
    return {name: value for name, value in item.items() if name not in _SECRETS and not name.startswith("_")}
