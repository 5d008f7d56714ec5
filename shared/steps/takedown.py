"""Steps of a take-down: learn which pictures an entry means, and remove them wherever they are.

In a dataset an image's bytes are overwritten first, then its row is changed, then the files are made anew that do not
agree with the rows: who dies in between finds what is left to do. Several take-downs may be at one dataset at a time.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from typing import IO, cast

from builder.card import THUMBNAILS
from builder.manifest import MANIFEST, read_manifest
from builder.removal import covering, is_removed, overwrite, removed, to_remove
from builder.rows import ImageRow
from builder.spec import DatasetSpec
from shared import audit, datasets, shards, takedowns
from shared.blobs import BlobFolder, dataset_folder, raw_folder, tenant_uploads
from shared.cosmos import container, query
from shared.documents import RUNNING, DatasetHead, ShardDocument, now, version_id
from shared.settings import settings
from shared.steps import lifecycle
from shared.steps.assemble import source_states
from shared.steps.dedupe import CONFLICTS, Conflicts
from shared.steps.export import is_complete, write
from shared.steps.plan import read_plan
from shared.takedowns import MAX_HASHES, TakedownDocument
from shared.tasks import ExportTask, SweepPage, SweepTask, Swept, TakedownTask, Task
from shared.versions import VersionFolder

PAGE = 40


def page(task: TakedownTask) -> SweepPage | None:
    """The tenant's next datasets to look at, by rising id; None when the entry was lifted, or asked for anew.

    A second look is for datasets that have been built since the entry was made.
    """
    document = _entry(task)
    if document is None:
        return None
    sql = f"SELECT * FROM c WHERE c.id > @after AND c.state != 'deleting' ORDER BY c.id OFFSET 0 LIMIT {PAGE}"  # noqa: S608 (a number of ours)
    heads = [DatasetHead.model_validate(item) for item in query(datasets.NAME, sql, {"after": task.after}, task.owner)]
    wanted = [one.id for one in heads if not task.again or one.state in RUNNING or one.updated >= document.created]
    after = heads[-1].id if len(heads) == PAGE else None
    return SweepPage(datasets=tuple(wanted), after=after, learns=document.learns, pause=settings().take_down_seconds)


def learn(task: SweepTask) -> None:
    """Add the hashes of the pictures that the entry covers in this dataset to the entry."""
    document = _entry(task)
    if document is not None and document.learns:
        _learn(document, [row for shard in shards.documents(task.dataset) for row in shard.images])


def _learn(document: TakedownDocument, rows: list[ImageRow]) -> TakedownDocument:
    take_down = document.take_down
    covered = [row for row in rows if covering(row, take_down)]
    hashes = {one for row in covered for one in (row.source_sha256, row.sha256) if one}

    def edit(current: TakedownDocument) -> TakedownDocument | None:
        known = tuple(sorted({*current.hashes, *hashes}))[:MAX_HASHES]
        return None if known == current.hashes else current.model_copy(update={"hashes": known})

    return takedowns.change(document.owner, document.id, edit) or document


def sweep(task: SweepTask) -> Swept:
    """Remove what the entry covers from one dataset. Of one that is being built, images and rows: the rest is not
    there yet, and whoever builds it may write again what was read before; so it is looked at again at its end."""
    document = _entry(task)
    dataset = datasets.find(task.owner, task.dataset)
    if document is None or dataset is None or dataset.state == "deleting":
        return Swept(running=False)
    running = dataset.state in RUNNING
    found = shards.documents(task.dataset)
    if document.learns:
        document = _learn(document, [row for shard in found for row in shard.images])
    gone = to_remove((row for shard in found for row in shard.images), document.take_down)
    for shard in found:
        told = _without(shard, gone, document.detail)
        if told is not None:
            _blank(task.dataset, shard, told)
            shards.change(task.dataset, shard.id, lambda one: _without(one, gone, document.detail))
    dataset_task = Task(owner=task.owner, dataset=task.dataset)
    if not running:
        raw_folder(task.dataset).clear()  # all has been validated, or given up
        _renew_all(dataset_task)
    _count(document, task.dataset)
    lifecycle.tidy(dataset_task)
    return Swept(running=running)


def _without(shard: ShardDocument, gone: dict[str, str], detail: str) -> ShardDocument | None:
    """The shard without these images; None if it has none of them."""
    images = tuple(removed(row, detail) if row.key in gone else row for row in shard.images)
    return None if images == shard.images else shard.with_images(images)


def _blank(dataset: str, shard: ShardDocument, told: ShardDocument) -> None:
    """Overwrite the shard's removed images, and remove the bytes that it was made of."""
    folder = dataset_folder(dataset)
    pairs = [(old, new) for old, new in zip(shard.images, told.images, strict=True) if old != new and old.shard]

    def edit(tar: IO[bytes], name: str) -> bool:
        for old, new in pairs:
            if old.shard == name:
                overwrite(tar, old, new)
        return True

    for name in sorted({str(old.shard) for old, _ in pairs}):
        folder.rewrite(name, partial(edit, name=name))
    raw_folder(dataset).delete(f"{shard.id}.tar")


def _renew_all(task: Task) -> None:
    """Make anew what tells of images that the rows say were taken down: the dataset's files and exports, and those of
    its versions. Looked at until it is so: another take-down may be at the same files."""
    folder = dataset_folder(task.dataset)
    if not folder.exists(MANIFEST):
        return
    spec = read_plan(folder).spec
    while _renew(folder, task, spec, _away(task.dataset)):
        pass
    away = _away(task.dataset)
    if json.loads(folder.read("report.json"))["totals"]["accepted"]:
        for name in spec.exports:
            if not is_complete(folder, name):
                write(folder, ExportTask(**task.model_dump(), format=name))
    for number in sorted({name.split("/")[1] for name in folder.names("versions/")}):
        version = VersionFolder(task.dataset, int(number))
        if version.exists(MANIFEST):
            frozen = DatasetSpec.model_validate_json(version.read("spec.json")) if version.exists("spec.json") else spec
            if _renew(version, task, frozen, away):
                _amended(task.dataset, number)


def _away(dataset: str) -> dict[str, str]:
    """The keys of images that were taken down -> what their rows say."""
    rows = shards.rows(dataset)
    return {row.key: row.detail or "" for row in rows if row.reason == "taken_down" and is_removed(row)}


def _renew(folder: BlobFolder, task: Task, spec: DatasetSpec, away: dict[str, str]) -> bool:
    """Make the files of a dataset or a version anew, its manifest last; False when they tell of nothing removed.

    Exports go at once, and are made again from the new manifest.
    """
    from builder.describe import describe

    def told() -> Iterator[tuple[ImageRow, bool]]:
        for row in read_manifest(folder.chunks(MANIFEST)):
            yield row, row.key in away and row.reason != "taken_down"

    if not any(goes for _, goes in told()):
        return False
    for name in [*folder.names("exports/"), THUMBNAILS]:
        folder.delete(name)
    rows = [removed(row, away[row.key]) if goes else row for row, goes in told()]
    conflicts = Conflicts.model_validate_json(dataset_folder(task.dataset).read(CONFLICTS)).conflicts
    left = tuple(one for one in conflicts if one.kept not in away)
    created = datasets.get(task.owner, task.dataset).created.date()
    describe(folder, rows, spec, states=source_states(task.dataset), conflicts=left, created=created)
    return True


def _amended(dataset: str, number: str) -> None:
    """Say of a version that it is not what was frozen."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    change = {"op": "set", "path": "/amended", "value": now().isoformat()}
    try:
        container(shards.NAME).patch_item(version_id(int(number)), dataset, [change])
    except CosmosResourceNotFoundError:
        return


def sweep_uploads(task: TakedownTask) -> None:
    """Overwrite the entry's pictures in the shards of the tenant's uploads. Every image is hashed: uploads have no
    index of hashes."""
    document = _entry(task)
    hashes = document.take_down.hashes if document else frozenset()
    if document is None or not hashes:
        return
    count = 0
    folder = tenant_uploads(task.owner)
    for name in [one for one in folder.names("images/") if one.endswith(".tar")]:
        found: list[tarfile.TarInfo] = []

        def edit(tar: IO[bytes], found: list[tarfile.TarInfo] = found) -> bool:
            found[:] = _covered_members(tar, hashes)
            for member in found:
                tar.seek(member.offset_data)
                tar.write(bytes(member.size))
            return bool(found)

        folder.rewrite(name, edit)
        count += len(found)
    if count:
        takedowns.change(
            task.owner, task.takedown, lambda one: one.model_copy(update={"uploaded": one.uploaded + count})
        )


def _covered_members(tar: IO[bytes], hashes: frozenset[bytes]) -> list[tarfile.TarInfo]:
    tar.seek(0)
    found = []
    with tarfile.open(fileobj=tar, mode="r:") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isreg() else None
            if stream is not None and hashlib.file_digest(cast("BufferedReader", stream), "sha256").digest() in hashes:
                found.append(member)
    return found


def say(task: TakedownTask, state: takedowns.TakedownState) -> None:
    """Say how far the take-down is; its end is written in the audit trail."""

    def edit(current: TakedownDocument) -> TakedownDocument | None:
        if current.created != task.created or current.state == state:
            return None
        return current.model_copy(update={"state": state, "updated": now()})

    document = takedowns.change(task.owner, task.takedown, edit)
    if document is not None and document.state == state == "done":
        audit.by_system(
            task.owner,
            "takedown.finish",
            at=document.updated,
            thing=document.id,
            takedown=document.id,
            datasets=len(document.found),
            images=sum(document.found.values()),
            uploaded=document.uploaded,
        )


def _count(document: TakedownDocument, dataset: str) -> None:
    count = sum(row.detail == document.detail for row in shards.rows(dataset))

    def edit(current: TakedownDocument) -> TakedownDocument | None:
        if current.found.get(dataset, 0) == count:
            return None
        return current.model_copy(update={"found": {**current.found, dataset: count}})

    takedowns.change(document.owner, document.id, edit)


def _entry(task: TakedownTask) -> TakedownDocument | None:
    document = takedowns.find(task.owner, task.takedown)
    return document if document is not None and document.created == task.created else None
