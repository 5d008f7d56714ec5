"""Steps of retention: datasets whose time is over are deleted or moved to the cool tier, uploads removed."""

from collections import defaultdict
from datetime import datetime, timedelta

from shared import audit, datasets, usage
from shared.blobs import dataset_folder, service
from shared.documents import RUNNING, DatasetDocument, now
from shared.retention import is_due, retention_of
from shared.settings import settings
from shared.tasks import Task

COOL = "Cool"
EXPORTS = "export"


def expire(owner: str, dataset: str, at: datetime) -> bool:
    """Take a dataset whose time is over out of sight; False if it is not over (any more), or it is to be kept cool."""

    def edit(current: DatasetDocument) -> DatasetDocument | None:
        over = is_due(current, at) and retention_of(current).then == "delete"
        return current.moved("deleting") if over else None

    document = datasets.change(owner, dataset, edit)
    if document is None or document.state != "deleting":
        return False
    audit.by_system(owner, "dataset.expire", at=document.updated, thing=dataset, dataset=dataset)
    return True


def cool(task: Task) -> None:
    """Move the files of a dataset whose time is over to the cool tier, which costs less to keep and more to read."""
    before = datasets.find(task.owner, task.dataset)
    if before is None or not is_due(before, now()) or retention_of(before).then != "cool":
        return
    folder = dataset_folder(task.dataset)
    for blob in folder.container.list_blobs(name_starts_with=folder.root):
        if blob.blob_tier != COOL:
            folder.container.get_blob_client(blob.name).set_standard_blob_tier(COOL)

    def edit(current: DatasetDocument) -> DatasetDocument | None:
        return current.model_copy(update={"cooled": now()}) if current.ended == before.ended else None

    document = datasets.change(task.owner, task.dataset, edit)
    if document is not None and document.cooled is not None:
        audit.by_system(task.owner, "dataset.cool", at=document.cooled, thing=task.dataset, dataset=task.dataset)


def expire_uploads(at: datetime) -> int:
    """Remove uploads that are older than the settings allow and that no build needs, and exports of tenants.

    An upload is all blobs `{owner}/{kind}/{id}...` of one id, as old as the newest of them. Returns how many went.
    """
    client = service().get_container_client("uploads")
    blobs: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    newest: dict[tuple[str, str, str], datetime] = {}
    for blob in client.list_blobs():
        owner, _, rest = blob.name.partition("/")
        kind, _, file = rest.partition("/")
        upload = (owner, kind, file.partition("/")[0].partition(".")[0])
        blobs[upload].append(blob.name)
        newest[upload] = max(newest.get(upload, blob.last_modified), blob.last_modified)
    gone = 0
    over = [upload for upload in blobs if _is_over(upload[1], at - newest[upload])]
    needed = _needed({owner for owner, _, _ in over})
    for owner, kind, name in over:
        if kind != EXPORTS and any(name in text for text in needed.get(owner, ())):
            continue
        gone += 1
        for blob_name in blobs[owner, kind, name]:
            client.delete_blob(blob_name)
        audit.by_system(owner, f"{kind}.expire", at=newest[owner, kind, name], thing=name, upload=name)
    for owner in {owner for owner, kind, _ in over if kind != EXPORTS}:
        usage.measure_uploads(owner)
    return gone


def _is_over(kind: str, age: timedelta) -> bool:
    days = settings().export_days if kind == EXPORTS else settings().upload_days
    return days is not None and age >= timedelta(days=days)


def _needed(owners: set[str]) -> dict[str, list[str]]:
    """The requests of datasets that are being built, as text, by owner: an upload that one names is needed."""
    found: dict[str, list[str]] = {}
    for head in datasets.in_states(tuple(sorted(RUNNING))):
        if head.owner in owners and (document := datasets.find(head.owner, head.id)) is not None:
            found.setdefault(head.owner, []).append(document.spec.model_dump_json(exclude={"labels"}))
    return found
