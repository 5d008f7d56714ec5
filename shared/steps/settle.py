"""After the end of a build: whether storage has kept what the database says is there."""

from datetime import timedelta

from builder.manifest import MANIFEST
from builder.report import REPORT
from shared import datasets, shards, usage
from shared.blobs import dataset_folder
from shared.documents import DatasetDocument, Work, now
from shared.steps.assemble import INDEX_METADATA
from shared.steps.export import file_list, listed
from shared.steps.plan import PLAN, lost_shards

SETTLE_TIME = timedelta(seconds=30)
"""When everything is there this long after the end, it is at rest. Azurite writes its index every 5 s."""


def settle(document: DatasetDocument) -> bool:
    """Look at a finished dataset; True if it must be built again because storage lost something of it.

    A machine that dies just after the end of a build can lose files that were written (Azurite is killed: the last 5
    s), while the database says `ready`. Such a dataset goes back to `building`: what is there still is used again.
    """
    lost = _is_lost(document)
    if not lost and now() - document.updated < SETTLE_TIME:
        return False

    def edit(current: DatasetDocument) -> DatasetDocument | None:
        if current.state != document.state:
            return None
        again: Work = "merge" if current.merge else "build"
        return current.reopened(again) if lost else current.model_copy(update={"settled": True})

    after = datasets.change(document.owner, document.id, edit)
    usage.measure(document.owner, document.id)
    return after is not None and after.state == "building"


def _is_lost(document: DatasetDocument) -> bool:
    folder = dataset_folder(document.id)
    names = set(folder.names())
    needed = {PLAN, REPORT, MANIFEST, INDEX_METADATA, *(file_list(name) for name in document.spec.exports)}
    if needed - names or lost_shards(document.id, shards.summaries(document.id)):
        return True
    exported = {f"exports/{one.format}/{file.name}" for one in listed(document) for file in one.files}
    return bool(exported - names)
