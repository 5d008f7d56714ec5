"""Datasets out of datasets: searched again for more, or several merged into a new one."""

from collections import Counter
from collections.abc import Callable
from typing import Annotated

from pydantic import Field, StringConstraints

from builder.spec import MAX_IMAGES_PER_LABEL, DatasetSpec, DedupeSpec, ExportFormat, LabelSpec, Model, SplitSpec, Text
from builder.spec import slugify as slug_of
from shared import datasets, quotas, shards, usage
from shared.documents import DatasetDocument, Merge
from shared.estimate import MEAN_BYTES
from shared.problems import ProblemError, conflict, invalid_body
from shared.steps import lifecycle
from shared.steps.plan import short_labels

MAX_MERGED = 20


_NO_SEARCH = {
    True: "The dataset was merged of others, and searches for nothing itself: refresh those, and merge them again.",
    False: "None of its labels is searched for (images is 0): make a new dataset with labels that are.",
}
"""Why there is nothing to refresh, by whether it was merged."""


class Refresh(Model):
    """How a dataset is to be searched again."""

    images_per_label: int | None = Field(
        default=None,
        ge=1,
        le=MAX_IMAGES_PER_LABEL,
        description="what every label that is searched is to have from now on, those with a number of their own too",
    )


class MergeRequest(Model):
    """A dataset to be made of others."""

    name: Text
    datasets: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")], ...] = Field(
        min_length=2, max_length=MAX_MERGED, description="ids; of two copies the rules of deduplication choose"
    )
    labels: dict[Text, Text] = Field(
        default={}, max_length=1_000, description="labels that get another name, old -> new; the others keep theirs"
    )
    dedupe: DedupeSpec = DedupeSpec()
    splits: SplitSpec = SplitSpec()
    exports: tuple[ExportFormat, ...] = ("imagefolder",)


def refresh(
    owner: str, dataset: str, wanted: Refresh, check: Callable[[DatasetDocument], None] = lambda _: None
) -> DatasetDocument:
    """Say that a dataset is being searched again. `ProblemError` 404, 409 (also when nothing is missing), 422, those
    of `quotas.reserve`, and what `check` raises for the dataset as it is when it is changed."""
    document = datasets.get(owner, dataset)
    check(document)
    if all(label.images == 0 for label in document.spec.labels):
        raise conflict(_NO_SEARCH[document.merge is not None])
    lifecycle.check_ended(document)  # before a place is reserved: what a build under way has reserved is its own
    if not short_labels(dataset, _asked_for(document.spec, wanted)):
        raise conflict("Every label has the images that it is to have: say images_per_label to get more.")

    def change(document: DatasetDocument) -> dict[str, object]:
        check(document)
        return {
            "refreshes": document.refreshes + 1,
            "revision": document.revision + 1,
            "spec": _asked_for(document.spec, wanted),
        }

    missing = _missing(dataset, _asked_for(document.spec, wanted))
    quotas.reserve(owner, dataset, images=missing, size=missing * MEAN_BYTES)
    try:
        return lifecycle.reopen(owner, dataset, "refresh", change)
    except BaseException:
        quotas.release(owner, dataset)
        raise


def _missing(dataset: str, spec: DatasetSpec) -> int:
    """How many images the labels lack, together."""
    accepted = Counter[str]()
    for shard in shards.summaries(dataset):
        accepted.update({slug: counts.accepted for slug, counts in shard.by_label().items()})
    return sum(max(spec.target(label) - accepted[label.slug], 0) for label in spec.labels)


def _asked_for(spec: DatasetSpec, wanted: Refresh) -> DatasetSpec:
    """The request with other numbers. Labels without a search keep without one. `ProblemError` 422 for too many."""
    if wanted.images_per_label is None:
        return spec
    labels = [
        label.model_dump() | ({"images": None} if label.images else {"images": label.images}) for label in spec.labels
    ]
    return _valid(spec.model_dump() | {"labels": labels, "images_per_label": wanted.images_per_label})


def merge(owner: str, new: str, wanted: MergeRequest) -> DatasetDocument:
    """Store the dataset that is to be made of others. `ProblemError` 404, 409 (one is not at its end), 422, and
    those of `quotas.reserve`."""
    parents = [datasets.get(owner, dataset) for dataset in dict.fromkeys(wanted.datasets)]
    if len(parents) < len(wanted.datasets):
        raise invalid_body([(("datasets",), "the same dataset is named twice")])
    for parent in parents:
        if parent.state not in ("ready", "incomplete"):
            raise conflict(f"The dataset {parent.id} is {parent.state}: only datasets with images can be merged.")
    names = _names(parents, wanted)
    spec = _valid(
        {
            "name": wanted.name,
            "labels": [LabelSpec(name=name, images=0).model_dump() for name in dict.fromkeys(names.values())],
            "sources": tuple(dict.fromkeys(source for parent in parents for source in parent.spec.sources)),
            "image": parents[0].spec.image.model_dump(),
            "dedupe": wanted.dedupe.model_dump(),
            "splits": wanted.splits.model_dump(),
            "exports": wanted.exports,
        }
    )
    parts = Merge(datasets=tuple(parent.id for parent in parents), labels=names)
    document = DatasetDocument(id=new, owner=owner, name=wanted.name, spec=spec, work="merge", merge=parts)
    size = usage.bytes_of(owner, parts.datasets)
    quotas.reserve(owner, new, images=0, size=size)  # the images were counted when they were built
    try:
        return datasets.create(document)
    except BaseException:
        quotas.release(owner, new)
        raise


def _names(parents: list[DatasetDocument], wanted: MergeRequest) -> dict[str, str]:
    """What every label of the datasets is called in the new one: labels that differ only in case or punctuation are the
    same, and are called as `labels` says, or as they are first."""
    chosen = {slug_of(old): new for old, new in wanted.labels.items()}
    known = {label.slug for parent in parents for label in parent.spec.labels}
    unknown = [old for old in wanted.labels if slug_of(old) not in known]
    if unknown:
        raise invalid_body([(("labels", old), "none of the datasets has this label") for old in unknown])
    spelt = {slug_of(new): new for new in wanted.labels.values()}
    return {
        label.name: spelt.setdefault(slug_of(new), new)
        for parent in parents
        for label in parent.spec.labels
        for new in [chosen.get(label.slug, label.name)]
    }


def _valid(members: dict[str, object]) -> DatasetSpec:
    from pydantic import ValidationError

    try:
        return DatasetSpec.model_validate(members)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    problem: ProblemError = invalid_body([(one["loc"], one["msg"].removeprefix("Value error, ")) for one in found])
    raise problem
