"""Step `assemble`: splits, manifest, index, report; and how the build ended."""

from typing import TYPE_CHECKING

from builder.manifest import MANIFEST
from builder.report import REPORT
from builder.rows import ImageRow
from shared import datasets, shards
from shared.blobs import BlobFolder, dataset_folder
from shared.documents import RUNNING, State
from shared.steps import lifecycle
from shared.steps.dedupe import CONFLICTS, Conflicts, write_changed
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
    from builder.splits import assign_splits

    folder = dataset_folder(task.dataset)
    spec = read_plan(folder).spec
    documents = shards.documents(task.dataset)
    splits = assign_splits((row for shard in documents for row in shard.images), spec.splits)
    rows: list[ImageRow] = []
    for shard in documents:
        images = tuple(row.model_copy(update={"split": splits.get(row.key)}) for row in shard.images)
        write_changed(shard, images)
        rows += images
    conflicts = Conflicts.model_validate_json(folder.read(CONFLICTS)).conflicts
    created = datasets.get(task.owner, task.dataset).created.date()
    folder.write(MANIFEST, write_manifest(rows))
    states = source_states(task.dataset)
    describe(folder, lambda: iter(rows), spec, states=states, conflicts=conflicts, created=created)


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
    """
    document = datasets.find(task.owner, task.dataset)
    if document is None or document.state not in RUNNING:
        return None if document is None else document.state
    report = read_report(dataset_folder(task.dataset))
    if report.complete:
        return lifecycle.end(task, "ready")
    short = [label for label in report.labels if label.shortfall]
    reasons = " ".join(f"{label.label}: {' '.join(label.shortfall_reasons)}" for label in short[:5])
    more = f" And {len(short) - 5} more labels; see the report." if len(short) > 5 else ""  # noqa: PLR2004
    return lifecycle.end(task, "incomplete" if report.totals.accepted else "failed", reasons + more)


def source_states(dataset: str) -> "tuple[SourceState, ...]":
    """How each source ended for each label, as its last round said."""
    from builder.report import SourceState

    last = {(search.label, one.source): one for search in shards.searches(dataset) for one in search.sources}
    return tuple(
        SourceState(label=label, source=source, dry=one.dry, failure=one.error_kind, message=one.error)
        for (label, source), one in last.items()
    )
