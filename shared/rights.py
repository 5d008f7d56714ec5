"""A tenant's rights over its data: exports of all of it, and its erasure; the documents that say how far they are."""

import time
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal

from pydantic import Field

from shared import audit, cosmos
from shared.blobs import BlobFolder, tenant_uploads
from shared.cosmos import container, query
from shared.documents import Document, now
from shared.problems import being_erased, not_found
from shared.settings import settings

NAME = "rights"
ERASURE = "erasure"
_FRESH_SECONDS = 5.0


class ErasureDocument(Document):
    """The erasure of a tenant; there while it goes on. Partition key: `owner`."""

    id: str = ERASURE
    kind: Literal["erasure"] = "erasure"
    owner: str
    erasure: str
    by: str
    created: datetime = Field(default_factory=now)


class ExportDocument(Document):
    """An export of all that is kept of a tenant. Partition key: `owner`."""

    kind: Literal["export"] = "export"
    owner: str
    state: Literal["collecting", "ready", "failed"] = "collecting"
    created: datetime = Field(default_factory=now)
    expires: datetime | None = None
    size_bytes: int | None = None
    ttl: int = -1


def begin_erasure(document: ErasureDocument) -> ErasureDocument:
    """Say that the tenant is being erased; the erasure that goes on, when there is one."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    store = container(NAME)
    try:
        store.create_item(document.item())
    except CosmosResourceExistsError:
        return find_erasure(document.owner) or document
    with _lock:
        _looked.pop(document.owner, None)
    return document


def find_erasure(owner: str) -> ErasureDocument | None:
    """The erasure that goes on, None if there is none."""
    item = cosmos.read(NAME, ERASURE, owner)
    return None if item is None else ErasureDocument.model_validate(item)


def end_erasure(owner: str) -> None:
    """Say that it is over."""
    remove(owner, ERASURE)


_looked: dict[str, tuple[float, bool]] = {}
_lock = Lock()


def is_being_erased(owner: str) -> bool:
    """Whether the tenant was being erased some seconds ago; what is made in those is erased with the rest."""
    with _lock:
        read, known = _looked.get(owner, (0.0, False))
    if read and time.monotonic() - read < _FRESH_SECONDS:
        return known
    read = time.monotonic()
    known = find_erasure(owner) is not None
    with _lock:
        _looked[owner] = (read, known)
    return known


def check_not_erased(owner: str, since: datetime) -> None:
    """`ProblemError` 403 when the tenant is being erased, or was since then: for a request whose body took its time.

    What is made in the moment after this is still erased with the rest.
    """
    if find_erasure(owner) is not None or audit.was_erased(owner, since):
        raise being_erased()


def create_export(document: ExportDocument) -> ExportDocument:
    """Store an export to be made, or find the one that the same request made before."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    try:
        container(NAME).create_item(document.item())
    except CosmosResourceExistsError:
        return get_export(document.owner, document.id)
    return document


def get_export(owner: str, export: str) -> ExportDocument:
    """The export; `ProblemError` 404 if this owner has none of that id."""
    item = cosmos.read(NAME, export, owner)
    if item is None or item.get("kind") != "export":
        raise not_found("export")
    return ExportDocument.model_validate(item)


def put_export(document: ExportDocument) -> None:
    """Store an export as it is now; one that has ended expires with its file."""
    lasting = timedelta(days=settings().export_days)
    ttl = -1 if document.state == "collecting" else int(lasting.total_seconds())
    container(NAME).upsert_item(document.model_copy(update={"ttl": ttl}).item())


def unfinished() -> tuple[list[ErasureDocument], list[ExportDocument]]:
    """Every tenant's erasures and exports that go on: for housekeeping only."""
    erasures = query(NAME, "SELECT * FROM c WHERE c.kind = 'erasure'", {}, None)
    exports = query(NAME, "SELECT * FROM c WHERE c.kind = 'export' AND c.state = 'collecting'", {}, None)
    return (
        [ErasureDocument.model_validate(item) for item in erasures],
        [ExportDocument.model_validate(item) for item in exports],
    )


def export_file(owner: str, export: str) -> tuple[BlobFolder, str]:
    """Where an export is."""
    return tenant_uploads(owner), f"export/{export}.zip"


def export_parts(owner: str, export: str) -> BlobFolder:
    """Where the parts of an export wait until all are there."""
    whole = tenant_uploads(owner)
    return BlobFolder(whole.container, f"{whole.root}export/{export}")


def remove(owner: str, name: str) -> None:
    """Remove a document; nothing happens if there is none."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    with _lock:
        _looked.pop(owner, None)
    try:
        container(NAME).delete_item(name, owner)
    except CosmosResourceNotFoundError:
        return
