"""Steps of a tenant's export: what is kept of each dataset, then of the tenant, as one zip of JSON Lines; no secrets.

What a dataset has may be millions of rows: each is written by a step of its own, into a part that waits beside the
file. The last step reads the tenant's few documents and puts the parts together.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from builder.zipstream import zip_chunks
from shared import datasets, rights, shards
from shared.blobs import BlobFolder, service
from shared.cosmos import CONTAINERS, query
from shared.documents import now
from shared.rights import ExportDocument
from shared.settings import settings
from shared.steps.erase import BLOBS, OF_TENANT
from shared.tasks import ExportPartTask, TenantExportTask

PAGE = 40

_SECRETS = frozenset({"digest", "secret", "answer", "seed"})
"""Members left out: of keys, of webhooks, and of answers that are kept to be given again."""

_FILES = "blobs"

README = """Everything that PixCrawler keeps of this tenant.

documents/NAME.jsonl: one JSON object a line, as it is stored, without secrets; what is stored compressed is in plain.
documents/NAME/DATASET.jsonl: the same of one dataset.
blobs.jsonl and blobs/DATASET.jsonl: every file, with its size in bytes and when it was written; a dataset's are had
from its exports.
"""


def page(task: TenantExportTask) -> tuple[str, ...]:
    """The next datasets, in order of their ids; none after the last, or when the export is done or gone."""
    if _collecting(task) is None:
        return ()
    sql = f"SELECT c.id FROM c WHERE c.id > @after ORDER BY c.id OFFSET 0 LIMIT {PAGE}"  # noqa: S608 (a number of ours)
    return tuple(str(item["id"]) for item in query(datasets.NAME, sql, {"after": task.after}, task.owner))


def collect_dataset(task: ExportPartTask) -> None:
    """Write the parts that tell of one dataset; again if that was done before: it may have changed."""
    if _collecting(task) is None:
        return
    folder = rights.export_parts(task.owner, task.export)
    for name, path in CONTAINERS.items():
        if path == "/dataset":
            found = query(name, "SELECT * FROM c", {}, task.dataset)
            folder.write(f"documents/{name}/{task.dataset}.jsonl", _lines(map(shards.readable, found)))
    folder.write(f"{_FILES}/{task.dataset}.jsonl", _lines(_blobs("dataset", task.dataset)))
    if _collecting(task) is None:  # the tenant was erased meanwhile
        folder.clear()


def collect(task: TenantExportTask) -> None:
    """Write the file and say that it is ready; nothing happens when that was done, or the export is gone."""
    document = _collecting(task)
    if document is None:
        return
    folder, name = rights.export_file(task.owner, task.export)
    parts = rights.export_parts(task.owner, task.export)
    written = folder.write(name, zip_chunks(_entries(task.owner, parts)))
    expires = now() + timedelta(days=settings().export_days)
    rights.put_export(document.model_copy(update={"state": "ready", "expires": expires, "size_bytes": written}))
    parts.clear()


def _collecting(task: TenantExportTask) -> ExportDocument | None:
    """The export, while it is to be made."""
    from shared.problems import ProblemError

    try:
        document = rights.get_export(task.owner, task.export)
    except ProblemError:
        return None
    return document if document.state == "collecting" else None


def _entries(owner: str, parts: BlobFolder) -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    yield "README.txt", README.encode()
    for name, path in CONTAINERS.items():
        if path == "/id":
            yield f"documents/{name}.jsonl", _lines(query(name, OF_TENANT, {"owner": owner}, None))
        elif path == "/owner":
            yield f"documents/{name}.jsonl", _lines(query(name, "SELECT * FROM c", {}, owner))
    yield f"{_FILES}.jsonl", _lines(_blobs("tenant", owner))
    for part in parts.names():
        yield part, parts.chunks(part)


def _blobs(whose: str, prefix: str) -> Iterator[dict[str, Any]]:
    """The files of a dataset, or those that belong to no dataset."""
    for container in (name for name, one in BLOBS.items() if one == whose):
        for blob in service().get_container_client(container).list_blobs(name_starts_with=f"{prefix}/"):
            written = blob.last_modified.isoformat()
            yield {"container": container, "name": blob.name, "bytes": blob.size, "written": written}


def _lines(items: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for item in items:
        yield json.dumps(_told(item), ensure_ascii=False).encode() + b"\n"


def _told(item: dict[str, Any]) -> dict[str, Any]:
    """Without secrets, and without what Cosmos DB adds."""
    return {name: value for name, value in item.items() if name not in _SECRETS and not name.startswith("_")}
