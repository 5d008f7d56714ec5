"""Freeze a version of a dataset, and write exports of versions."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from builder.manifest import MANIFEST
from builder.report import REPORT
from builder.rows import ImageRow
from builder.store import pieces
from shared import datasets, quotas, usage, versions
from shared.blobs import BlobFolder, dataset_folder
from shared.documents import DatasetDocument, Diff, VersionDocument, now, version_id
from shared.problems import ProblemError, conflict
from shared.steps import lifecycle
from shared.steps.export import ExportView, FileView, file_list
from shared.steps.plan import read_plan
from shared.tasks import Task, VersionExportTask
from shared.versions import Change, VersionFolder, VersionRequest

if TYPE_CHECKING:
    from builder.exports.base import About
    from builder.spec import DatasetSpec

SPEC = "spec.json"
"""The request, as it was when the version was frozen."""

_COPIED = (REPORT, "attribution.csv", "thumbnails.jpg")
_IN_MEMORY_BYTES = 32 << 20
_LEASE = timedelta(minutes=10)
"""Far more than freezing takes (a request lasts 230 s at most): who claimed a version longer ago than this is gone."""

_FREEZABLE = ("ready", "incomplete")


def freeze(
    owner: str,
    dataset: str,
    request: VersionRequest,
    by: str,
    check: Callable[[DatasetDocument], None] = lambda _: None,
) -> tuple[VersionDocument, bool]:
    """Freeze what is there; the version, and whether it is new. The same content is the same version, however often.

    A number is claimed before anything is written, so that of two at once one waits (409). `ProblemError` 404, 409,
    403 when the quota of stored bytes has no room, and what `check` raises for the dataset that is to be frozen; it is
    still the same when the version is there. Memory: the key, label and split of each image of two versions.
    """
    from azure.core.exceptions import ResourceModifiedError

    document = datasets.get(owner, dataset)
    if document.state not in _FREEZABLE:
        raise conflict(f"The dataset is {document.state}: a version can be made of one that is ready or incomplete.")
    check(document)
    folder = dataset_folder(dataset)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as manifest:
        seen = folder.etag(MANIFEST)
        digest = _read(folder, manifest)
        claimed = _claim(dataset, digest, request, by)
        if claimed.state == "frozen":
            return claimed, False
        try:
            quotas.check_stored(owner, manifest.tell())
            frozen = _write(document, claimed, manifest)
            # A take-down makes the dataset's manifest anew, and then those of the versions that it finds: this one is
            # there by now, or else it is seen here.
            changed = _changed_since(document) or folder.etag(MANIFEST) != seen
        except (ResourceModifiedError, FileNotFoundError):  # a file was written or removed while it was copied
            changed = True
        except BaseException:
            _give_up(claimed)
            raise
        if changed:
            _give_up(claimed)
            raise _changed()
        stored = versions.put(frozen)
        if stored is None:  # a take-down was at it
            _give_up(claimed)
    usage.measure(owner, dataset)
    lifecycle.tidy(Task(owner=owner, dataset=dataset))
    if stored is None:
        raise _in_work()
    return stored, True


def _read(folder: BlobFolder, target: IO[bytes]) -> str:
    """Copy the manifest; its SHA-256 in hex."""
    from azure.core.exceptions import ResourceModifiedError

    digest = hashlib.sha256()
    try:
        for piece in folder.chunks(MANIFEST):
            digest.update(piece)
            target.write(piece)
    except FileNotFoundError:
        raise conflict("The dataset has lost its manifest; it is being made again: try later.") from None
    except ResourceModifiedError:
        raise _changed() from None
    return digest.hexdigest()


def _claim(dataset: str, digest: str, request: VersionRequest, by: str) -> VersionDocument:
    """A version of this content: the frozen one, or a new one that is ours to write."""
    last = versions.newest(dataset)
    if last is not None and last.state == "frozen" and last.manifest_sha256 == digest:
        return last
    fresh = VersionDocument(
        id="", dataset=dataset, number=0, manifest_sha256=digest, name=request.name, note=request.note, by=by
    )
    if last is not None and last.state == "freezing":
        if now() - last.created < _LEASE:
            raise _in_work()
        # Left half done by a worker that died: its number is used again.
        taken = fresh.model_copy(update={"id": last.id, "number": last.number, "etag": last.etag})
        claimed = versions.put(taken)
    else:
        number = last.number + 1 if last else 1
        claimed = versions.claim(fresh.model_copy(update={"id": version_id(number), "number": number}))
    if claimed is None:
        raise _in_work()
    return claimed


def _in_work() -> ProblemError:
    return _later("Another version is being made of this dataset: try again in some seconds.")


def _changed() -> ProblemError:
    return _later("The dataset changed while the version was made: make it again when that is done.")


def _later(detail: str) -> ProblemError:
    problem = conflict(detail)
    problem.headers["retry-after"] = "5"
    return problem


def _give_up(claimed: VersionDocument) -> None:
    """Take back a claim; whoever took it over meanwhile keeps it."""
    from shared import shards

    if (mine := versions.find(claimed.dataset, claimed.number)) is not None and mine.created == claimed.created:
        VersionFolder(claimed.dataset, claimed.number).clear()
        shards.remove(claimed.dataset, claimed.id)


def _changed_since(document: DatasetDocument) -> bool:
    after = datasets.find(document.owner, document.id)
    return after is None or (after.state, after.revision) != (document.state, document.revision)


def _write(document: DatasetDocument, claimed: VersionDocument, manifest: IO[bytes]) -> VersionDocument:
    """Write the version's files; its document, complete."""
    from builder.card import card
    from builder.croissant import index_croissant
    from builder.exports.base import Measured
    from builder.index import write_index
    from builder.manifest import read_manifest, write_manifest

    number = claimed.number
    whole, folder = dataset_folder(document.id), VersionFolder(document.id, claimed.number)

    def rows() -> Iterator[ImageRow]:
        manifest.seek(0)
        for row in read_manifest(pieces(manifest)):
            yield row.model_copy(update={"version": number})

    spec = read_plan(whole).spec
    folder.write(SPEC, spec.model_dump_json().encode())
    folder.write(MANIFEST, write_manifest(rows()))
    accepted = (row.model_dump_json().encode() for row in rows() if row.verdict == "accepted")
    index = Measured(write_index(accepted, version=number))
    folder.write("index.parquet", index)
    for name in _COPIED:
        if whole.exists(name):
            folder.write(name, whole.chunks(name))
    about = _about(folder, spec, claimed)
    folder.write("README.md", card(about, "index").encode())
    folder.write("croissant.json", index_croissant(about, index.sha256, index.bytes))
    told = _Told.of(rows())
    before = _Told.of(_frozen_rows(document.id, number - 1)()) if number > 1 else _Told()
    changes = list(told.since(before))
    counts = Counter(str(one.change) for one in changes)
    size = folder.write(versions.DIFF, versions.written(changes)) if changes else 0
    return claimed.model_copy(
        update={
            "state": "frozen",
            "images": len(told.images),
            "labels": dict(sorted(Counter(label for label, _ in told.images.values()).items())),
            "splits": dict(sorted(Counter(split for _, split in told.images.values() if split).items())),
            "bytes": told.bytes,
            "diff": Diff(**counts),
            "diff_bytes": size,
        }
    )


class _Told:
    """The label and split of each image of a version, by key."""

    def __init__(self) -> None:
        self.images: dict[str, tuple[str, str | None]] = {}
        self.bytes = 0

    @classmethod
    def of(cls, rows: Iterator[ImageRow]) -> "_Told":
        told = cls()
        for row in rows:
            if row.verdict == "accepted":
                told.images[row.key] = (row.label, row.split)
                told.bytes += row.size_bytes or 0
        return told

    def since(self, before: "_Told") -> Iterator[Change]:
        for key in sorted(self.images.keys() | before.images.keys()):
            new, old = self.images.get(key), before.images.get(key)
            if old is None and new is not None:
                yield Change(key=key, change="added", after=new[0])
            elif new is None and old is not None:
                yield Change(key=key, change="removed", before=old[0])
            elif new is not None and old is not None:
                if new[0] != old[0]:
                    yield Change(key=key, change="relabelled", before=old[0], after=new[0])
                if new[1] != old[1]:
                    yield Change(key=key, change="split_changed", before=old[1], after=new[1])


def _frozen_rows(dataset: str, number: int) -> Callable[[], Iterator[ImageRow]]:
    from builder.manifest import ManifestRows

    return ManifestRows(VersionFolder(dataset, number))


def _about(folder: BlobFolder, spec: "DatasetSpec", version: VersionDocument) -> "About":
    from dataclasses import replace

    from builder.describe import read_about

    return replace(read_about(folder, spec, version.created.date()), version=version.number)


def export(task: VersionExportTask) -> None:
    """Write an export of a frozen version unless it is complete, or the version is gone."""
    document = versions.find(task.dataset, task.version)
    folder = VersionFolder(task.dataset, task.version)
    if document is None or document.state != "frozen" or exported(task.dataset, task.version, task.format):
        return
    from builder.exports.write import write_export
    from builder.spec import DatasetSpec

    spec = DatasetSpec.model_validate_json(folder.read(SPEC))
    files = write_export(folder, task.format, _frozen_rows(task.dataset, task.version), _about(folder, spec, document))
    folder.write(file_list(task.format), json.dumps([file.model_dump() for file in files]).encode())
    usage.measure(task.owner, task.dataset)
    lifecycle.tidy(Task(owner=task.owner, dataset=task.dataset))


def exported(dataset: str, version: int, export_format: str) -> ExportView | None:
    """A complete export of a version, None while there is none."""
    try:
        files = json.loads(VersionFolder(dataset, version).read(file_list(export_format)))
    except FileNotFoundError:
        return None
    return ExportView(format=export_format, files=tuple(FileView(**file) for file in files))


def exports(dataset: str, version: int) -> tuple[ExportView, ...]:
    """The complete exports of a version."""
    from builder.exports.write import FORMATS

    found = (exported(dataset, version, name) for name in FORMATS)
    return tuple(one for one in found if one is not None)
