"""How far a dataset is: sums over its search and shard documents, never counted in place, so nothing can drift."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from builder.spec import DatasetSpec
from shared.documents import Counts, SearchDocument, ShardDocument


class View(BaseModel):
    """Base of what the API answers."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class LabelProgress(View):
    """One label: candidates `found`, those whose bytes came (`fetched`), and what became of them."""

    label: str
    target: int = Field(description="images that were asked for")
    found: int = Field(description="candidates that the sources gave")
    fetched: int = Field(description="candidates whose bytes came")
    accepted: int = Field(description="in the dataset")
    rejected: int = Field(description="fetched and found wanting")
    failed: int = Field(description="never fetched")
    duplicates: int = Field(description="another image stands for them")
    surplus: int = Field(description="good, but the label had enough")
    reasons: dict[str, int] = Field(description="rejected, failed and duplicate ones by reason")
    failed_shards: int = Field(description="slices of candidates that were given up")


class SourceError(View):
    """Why a source gave less than it might have."""

    kind: str
    message: str


class SourceProgress(View):
    """What one source gave for one label."""

    label: str
    source: str
    found: int = Field(description="candidates")
    dry: bool = Field(description="it has no more")
    error: SourceError | None = Field(description="the last that was met")


class Progress(View):
    """The whole dataset."""

    labels: tuple[LabelProgress, ...]
    sources: tuple[SourceProgress, ...]


def progress(spec: DatasetSpec, shards: Iterable[ShardDocument], searches: Iterable[SearchDocument]) -> Progress:
    """Sum up; labels in the order of the spec."""
    counts: dict[str, Counts] = {}
    broken: dict[str, int] = {}
    found: dict[str, int] = {}
    sources: dict[tuple[str, str], SourceProgress] = {}
    names = {label.slug: label.name for label in spec.labels}
    for shard in shards:
        for slug, some in shard.by_label().items():
            counts[slug] = counts.get(slug, Counts()).plus(some)
        broken[shard.label] = broken.get(shard.label, 0) + (shard.state == "failed")
    for search in searches:
        found[search.label] = found.get(search.label, 0) + search.found
        for one in search.sources:
            before = sources.get((search.label, one.source))
            error = SourceError(kind=one.error_kind, message=one.error or "") if one.error_kind else None
            sources[search.label, one.source] = SourceProgress(
                label=names[search.label],
                source=one.source,
                found=one.found + (before.found if before else 0),
                dry=one.dry,
                error=error or (before.error if before else None),
            )
    return Progress(
        labels=tuple(
            _label(spec, slug, counts.get(slug, Counts()), found.get(slug, 0), broken.get(slug, 0)) for slug in names
        ),
        sources=tuple(sources.values()),
    )


def _label(spec: DatasetSpec, slug: str, counts: Counts, found: int, broken: int) -> LabelProgress:
    label = spec.label(slug)
    return LabelProgress(
        label=label.name,
        target=spec.target(label),
        found=found,
        fetched=counts.candidates - counts.failed,
        accepted=counts.accepted,
        rejected=counts.rejected,
        failed=counts.failed,
        duplicates=counts.duplicate,
        surplus=counts.surplus,
        reasons=counts.reasons,
        failed_shards=broken,
    )
