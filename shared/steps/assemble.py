"""Step `assemble`: splits, manifest, index, report; and how the build ended."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from builder.manifest import MANIFEST
from builder.report import REPORT
from builder.rows import ImageRow
from builder.spec import DatasetSpec
from shared import datasets, shards
from shared.blobs import BlobFolder, dataset_folder
from shared.documents import RUNNING, DatasetDocument, State
from shared.settings import settings
from shared.steps import lifecycle
from shared.steps.dedupe import CONFLICTS, Conflicts, undisturbed, write_changed
from shared.steps.export import LIST_ENDING
from shared.steps.plan import read_plan
from shared.tasks import Task

if TYPE_CHECKING:
    from builder.exports.base import About
    from builder.report import Report, SourceState

INDEX_METADATA = "croissant.json"


@lifecycle.tidied
def assemble(task: Task) -> None:
    """Decide the splits, write them into the shard documents, and write the files that describe the dataset."""
    if not lifecycle.enter(task, "assembling"):
        return
    from builder.describe import describe
    from builder.manifest import write_manifest

    folder = dataset_folder(task.dataset)
    spec = read_plan(folder).spec
    rows = undisturbed(lambda: _split(task, spec))
    conflicts = _decided(folder).conflicts
    created = datasets.get(task.owner, task.dataset).created.date()
    if folder.exists(MANIFEST) and _digest(folder.chunks(MANIFEST)) != _digest(write_manifest(rows)):
        _withdraw_exports(folder)  # they tell of what was
    states = source_states(task.dataset)
    describe(folder, rows, spec, states=states, conflicts=conflicts, created=created)


def _split(task: Task, spec: DatasetSpec) -> list[ImageRow]:
    """Every row with its split, as it may be published. Images keep the split that they have."""
    from builder.splits import assign_splits

    documents = shards.documents(task.dataset)
    splits = assign_splits((row for shard in documents for row in shard.images), spec.splits, keep=True)
    after = [tuple(row.model_copy(update={"split": splits.get(row.key)}) for row in one.images) for one in documents]
    write_changed(documents, after)
    return [published(row) for images in after for row in images]


def published(row: ImageRow) -> ImageRow:
    """The row without who curated it and what they noted: manifests travel with exports."""
    if row.curated is None:
        return row
    return row.model_copy(update={"curated": row.curated.model_copy(update={"by": None, "note": None})})


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _withdraw_exports(folder: BlobFolder) -> None:
    """An export without its list is incomplete: it is offered no longer, and written again."""
    for name in list(folder.names("exports/")):
        if name.endswith(LIST_ENDING) and name.count("/") == 1:
            folder.delete(name)


def _decided(folder: BlobFolder) -> Conflicts:
    return Conflicts.model_validate_json(folder.read(CONFLICTS))


def read_report(folder: BlobFolder) -> "Report":
    """The report that `assemble` left; FileNotFoundError before that."""
    from builder.report import Report

    return Report.model_validate_json(folder.read(REPORT))


def about(folder: BlobFolder, task: Task) -> "About":
    """The dataset as its card, metadata and exports tell it."""
    from builder.describe import read_about

    created = datasets.get(task.owner, task.dataset).created.date()
    return read_about(folder, read_plan(folder).spec, created)


def finish(task: Task) -> State | None:
    """`ready` when every label has its images, `incomplete` when some have, `failed` when there is no image at all.

    A dataset that has ended already (this step ran twice, it was cancelled...) keeps its state; None if it is gone.
    `building` when people have changed rows since they were decided about: then all of it is to be done once more.
    """
    document = datasets.find(task.owner, task.dataset)
    if document is None or document.state not in RUNNING:
        return None if document is None else document.state
    folder = dataset_folder(task.dataset)
    report = read_report(folder)
    revision = _decided(folder).revision
    if report.complete and report.totals.accepted:
        return lifecycle.end(task, "ready", revision=revision)
    short = [label for label in report.labels if label.shortfall]
    stopped = _stopped_by_cost(document)
    reasons = stopped + " ".join(f"{label.label}: {' '.join(label.shortfall_reasons)}" for label in short[:5])
    more = f" And {len(short) - 5} more labels; see the report." if len(short) > 5 else ""  # noqa: PLR2004
    state: State = "incomplete" if report.totals.accepted else "failed"
    return lifecycle.end(task, state, reasons + more or "The dataset has no image.", revision=revision)


def _stopped_by_cost(document: DatasetDocument) -> str:
    """The sentence that says that `max_cost` ended the collecting, if it did."""
    over = list(dict.fromkeys(search.label for search in shards.searches(document.id) if search.over_cost))
    if not over:
        return ""
    names = [document.spec.label(slug).name for slug in over[:5]]
    more = f" and {len(over) - 5} more labels" if len(over) > 5 else ""  # noqa: PLR2004
    currency = settings().prices.currency
    return f"Collecting stopped at max_cost {document.max_cost:g} {currency}: {', '.join(names)}{more}. "


def source_states(dataset: str) -> "tuple[SourceState, ...]":
    """How each source ended for each label, as its last round said."""
    from builder.report import SourceState

    searches = shards.searches(dataset)
    cut_short = {search.label for search in searches if search.over_cost}  # its sources may have had more to give
    last = {(search.label, one.source): one for search in searches for one in search.sources}
    return tuple(
        SourceState(
            label=label,
            source=source,
            dry=one.dry and label not in cut_short,
            failure=one.error_kind,
            message=one.error,
        )
        for (label, source), one in last.items()
    )
