"""The end of a build: which images stay, in which split, and everything that tells of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from builder.dedupe import deduplicate
from builder.describe import describe, manifest_rows, read_about
from builder.exports.base import ExportedFile
from builder.exports.write import FORMATS, export_folder, write_export
from builder.manifest import MANIFEST, write_manifest
from builder.replay import replayed
from builder.report import Report, SourceState
from builder.spec import MAX_IMAGES_PER_LABEL, DatasetSpec, ExportFormat, LabelSpec, slugify
from builder.splits import assign_splits
from builder.work import Stage
from builder.workspace import Ending, Plan, Workspace


def decide(
    workspace: Workspace, plan: Plan, states: tuple[SourceState, ...], on_stage: Callable[[Stage], None]
) -> Report:
    """Deduplicate and split what is in the journals, and write every file that describes the dataset.

    Memory holds a little of every row (hashes and numbers), never all rows: they are read again where they are needed.
    """
    on_stage("deduplicating")
    spec = plan.spec
    found = replayed(workspace.rows)
    if plan.kind == "search":
        targets = {label.name: spec.target(label) for label in spec.labels}
    else:
        targets = dict(Counter(row.label for row in found()))
    decided = deduplicate(found(), spec.dedupe, targets, odd_size=spec.image.odd_size_factor)
    splits = assign_splits((decided.apply(row) for row in found()), spec.splits)
    if plan.kind == "list":
        spec = _as_read(spec, targets, splits)
    on_stage("describing")
    workspace.write_ending(Ending(spec=spec, states=states, complete=False))
    rows = (decided.apply(row).model_copy(update={"split": splits.get(row.key)}) for row in found())
    workspace.folder.write(MANIFEST, write_manifest(rows))
    del found
    written = replayed(manifest_rows(workspace.folder))
    report = describe(workspace.folder, written, spec, states=states, conflicts=decided.conflicts, created=plan.created)
    workspace.write_ending(Ending(spec=spec, states=states))
    return report


def _as_read(spec: DatasetSpec, found: Mapping[str, int], kept: Iterable[str]) -> DatasetSpec:
    """The request with the labels that its list turned out to have. All that is good is wanted: no label is short
    unless nothing of it was good."""
    counts = Counter(key.rsplit("-", 2)[0] for key in kept)
    labels = (
        LabelSpec(name=name, images=min(max(1, counts[slugify(name)]), MAX_IMAGES_PER_LABEL)) for name in sorted(found)
    )
    return spec.model_copy(update={"labels": tuple(labels)})


def write_exports(
    workspace: Workspace, formats: Sequence[ExportFormat]
) -> dict[ExportFormat, tuple[ExportedFile, ...]]:
    """Write exports of a dataset that is finished. Raises NotADatasetError when it is not, UnknownFormatError."""
    about = read_about(workspace.folder, workspace.ending().spec, workspace.plan().created)
    rows = replayed(manifest_rows(workspace.folder))
    return {name: write_export(workspace.folder, name, rows, about) for name in formats}


def exported(workspace: Workspace) -> list[ExportFormat]:
    """The exports that are there, of this decision or an earlier one."""
    return [name for name in FORMATS if (workspace.root / export_folder(name)).is_dir()]


def shortages(workspace: Workspace, spec: DatasetSpec) -> dict[str, int]:
    """Labels (by slug) that lost pictures to other labels, and how many distinct images each needs by itself to make up
    for it."""
    if len(spec.labels) == 1:
        return {}
    targets = {label.name: spec.target(label) for label in spec.labels}
    decided = deduplicate(workspace.rows(), spec.dedupe, targets, odd_size=spec.image.odd_size_factor)
    kept = Counter(row.label for row in workspace.rows() if decided.apply(row).verdict == "accepted")
    short = [label for label in spec.labels if kept[label.name] < targets[label.name]]
    return {label.slug: distinct(workspace, label, spec) + targets[label.name] - kept[label.name] for label in short}


def distinct(workspace: Workspace, label: LabelSpec, spec: DatasetSpec) -> int:
    """How many images a label has when it alone is deduplicated, however many it wants."""
    rows = list(workspace.rows(label.slug))
    decided = deduplicate(rows, spec.dedupe, {label.name: len(rows)})
    return sum(decided.apply(row).verdict == "accepted" for row in rows)
