"""The end of a build: which images stay, in which split, and everything that tells of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from builder.columns import Columns
from builder.decisions import Deduplication, reconsidered
from builder.dedupe import deduplicated
from builder.describe import describe, read_about
from builder.exports.base import ExportedFile
from builder.exports.write import FORMATS, export_folder, write_export
from builder.json_lines import glances
from builder.manifest import ManifestRows
from builder.report import Report, SourceState
from builder.rows import Glance
from builder.spec import MAX_IMAGES_PER_LABEL, DatasetSpec, ExportFormat, LabelSpec
from builder.splits import split
from builder.work import Stage
from builder.workspace import Ending, Plan, Workspace


def decide(
    workspace: Workspace, plan: Plan, states: tuple[SourceState, ...], on_stage: Callable[[Stage], None]
) -> Report:
    """Deduplicate and split what is in the journals, and write every file that describes the dataset.

    Memory holds some columns of the rows (keys, digests, hashes), never rows: they are read once more where all of
    them is needed.
    """
    on_stage("deduplicating")
    spec = plan.spec
    labels: Counter[str] = Counter()
    columns = _columns(workspace, spec, labels=labels)
    targets = {label.name: spec.target(label) for label in spec.labels} if plan.kind == "search" else labels
    decided = deduplicated(columns, spec.dedupe, targets, odd_size=spec.image.odd_size_factor)
    splits = split(columns, spec.splits, decided.decisions.accepted())
    if plan.kind == "list":
        spec = _as_read(spec, labels, _kept(columns, decided))
    del columns
    on_stage("describing")
    workspace.write_ending(Ending(spec=spec, states=states, complete=False))
    rows = (decided.apply(row, splits) for row in workspace.rows())
    report = describe(workspace.folder, rows, spec, states=states, conflicts=decided.conflicts, created=plan.created)
    workspace.write_ending(Ending(spec=spec, states=states))
    return report


def _columns(
    workspace: Workspace, spec: DatasetSpec, slug: str | None = None, labels: Counter[str] | None = None
) -> Columns:
    """Of the rows that passed validation, all or those of one label; `labels` counts all rows."""

    def passed() -> Iterator[Glance]:
        for row in glances(workspace.lines(slug)):
            if labels is not None:
                labels[row.label] += 1
            if reconsidered(row):
                yield row

    return Columns.of(passed(), turned=spec.dedupe.turned)


def _kept(columns: Columns, decided: Deduplication) -> Counter[str]:
    """How many images each label has in the dataset."""
    names = list(columns.labels)
    kept = np.array(columns.label, dtype=np.int64)[columns.in_order[decided.decisions.accepted()]]
    return Counter(dict(zip(names, np.bincount(kept, minlength=len(names)).tolist(), strict=True)))


def _as_read(spec: DatasetSpec, found: Iterable[str], kept: Counter[str]) -> DatasetSpec:
    """The request with the labels that its list turned out to have. All that is good is wanted: no label is short
    unless nothing of it was good."""
    labels = (LabelSpec(name=name, images=min(max(1, kept[name]), MAX_IMAGES_PER_LABEL)) for name in sorted(found))
    return spec.model_copy(update={"labels": tuple(labels)})


def write_exports(
    workspace: Workspace, formats: Sequence[ExportFormat]
) -> dict[ExportFormat, tuple[ExportedFile, ...]]:
    """Write exports of a dataset that is finished. Raises NotADatasetError when it is not, UnknownFormatError."""
    about = read_about(workspace.folder, workspace.ending().spec, workspace.plan().created)
    rows = ManifestRows(workspace.folder)
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
    columns = _columns(workspace, spec)
    kept = _kept(columns, deduplicated(columns, spec.dedupe, targets, odd_size=spec.image.odd_size_factor))
    short = [label for label in spec.labels if kept[label.name] < targets[label.name]]
    return {label.slug: distinct(workspace, label, spec) + targets[label.name] - kept[label.name] for label in short}


def distinct(workspace: Workspace, label: LabelSpec, spec: DatasetSpec) -> int:
    """How many images a label has when it alone is deduplicated, however many it wants."""
    columns = _columns(workspace, spec, label.slug)
    decided = deduplicated(columns, spec.dedupe, {label.name: len(columns.keys)})
    return decided.decisions.verdicts()["accepted"]
