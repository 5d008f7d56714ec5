"""What is kept in Cosmos DB, as models: the dataset, its shards, its searches."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from builder.rows import ImageRow
from builder.spec import DatasetSpec, slugify

State = Literal["queued", "building", "ready", "incomplete", "failed", "cancelled", "deleting"]
Then = Literal["delete", "cool"]
FINAL: frozenset[State] = frozenset({"ready", "incomplete", "failed", "cancelled"})
RUNNING: frozenset[State] = frozenset({"queued", "building"})
_SHARD = re.compile(r"([a-z0-9-]{1,64})-([0-9]{5})")
Work = Literal["build", "recompute", "refresh", "merge"]
"""What a dataset is being built for: from its request, after curation, to find more, out of other datasets."""
Stage = Literal["planning", "collecting", "deduplicating", "assembling", "exporting"]


def now() -> datetime:
    """The time in UTC, to the millisecond."""
    exact = datetime.now(UTC)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)


class Document(BaseModel):
    """Base of all documents. Unknown members are ignored: Cosmos adds its own (`_ts`, `_rid`...)."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    id: str

    def item(self) -> dict[str, Any]:
        """The JSON object to store."""
        return self.model_dump(mode="json", exclude_none=True)


class Retention(BaseModel):
    """How many days a dataset is kept after its end (None: for ever), and what becomes of it then."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    days: int | None = None
    then: Then = "delete"


class DatasetHead(Document):
    """A dataset without its request, which may be a megabyte long: enough for lists and housekeeping."""

    owner: str
    name: str
    state: State = "queued"
    stage: Stage | None = None
    created: datetime = Field(default_factory=now)
    updated: datetime = Field(default_factory=now)
    error: str | None = None
    settled: bool = False  # seen whole a while after its end
    ended: datetime | None = None  # when this build came to its final state
    notified: bool = False  # whether the webhooks that want to know of it were set going
    retention: Retention | None = None  # none: as the settings say
    cooled: datetime | None = None  # when its files were moved to the cool tier


class Merge(BaseModel):
    """The datasets that one is made of, in order, and what their labels are called in it (those with other names)."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    datasets: tuple[str, ...]
    labels: dict[str, str] = {}


class DatasetDocument(DatasetHead):
    """One dataset. Partition key: `owner`.

    `revision` counts the changes to rows by people: a build that has not seen the last of them is not at its end.
    """

    spec: DatasetSpec
    work: Work = "build"
    revision: int = 0
    refreshes: int = 0  # how often it was searched again
    restarts: int = 0  # how often this build was started again because its orchestration had failed
    merge: Merge | None = None
    max_cost: float | None = None  # in the price table's currency
    etag: str | None = Field(default=None, alias="_etag", exclude=True)

    def moved(self, state: State, *, stage: Stage | None = None, error: str | None = None) -> Self:
        """This document in another state."""
        at = now()
        anew = {"settled": False, "notified": False, "ended": at if state in FINAL else None, "cooled": None}
        return self.model_copy(update={"state": state, "stage": stage, "error": error, "updated": at, **anew})

    def reopened(self, work: Work) -> Self:
        """This document on its way again."""
        return self.moved("building", stage="planning").model_copy(update={"work": work, "restarts": 0})


class Counts(BaseModel):
    """What became of a shard's candidates, by verdict; and the reasons of those that are not in the dataset."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    candidates: int = 0
    accepted: int = 0
    duplicate: int = 0
    surplus: int = 0
    rejected: int = 0
    failed: int = 0
    reasons: dict[str, int] = {}

    @property
    def validated(self) -> int:
        """How many have bytes in the shard's tar."""
        return self.accepted + self.duplicate + self.surplus

    @classmethod
    def of(cls, rows: Iterable[ImageRow]) -> Self:
        """Count rows."""
        verdicts: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for row in rows:
            verdicts[row.verdict] += 1
            if row.reason is not None:
                reasons[row.reason] += 1
        return cls(candidates=verdicts.total(), reasons=dict(sorted(reasons.items())), **verdicts)

    def plus(self, other: Self) -> Self:
        """The sum of two counts."""
        numbers = {
            name: getattr(self, name) + getattr(other, name) for name in type(self).model_fields if name != "reasons"
        }
        return type(self)(**numbers, reasons=dict(sorted((Counter(self.reasons) + Counter(other.reasons)).items())))

    def minus(self, other: Self) -> Self:
        """These counts without those of a part of the rows."""
        numbers = {
            name: getattr(self, name) - getattr(other, name) for name in type(self).model_fields if name != "reasons"
        }
        return type(self)(**numbers, reasons=dict(sorted((Counter(self.reasons) - Counter(other.reasons)).items())))


class ShardDocument(Document):
    """One validated (or given up) shard. Partition key: `dataset`. Id: `{label slug}-{number:05}`."""

    kind: Literal["shard"] = "shard"
    dataset: str
    label: str
    number: int
    state: Literal["validated", "failed"]
    counts: Counts
    images: tuple[ImageRow, ...] = ()
    elsewhere: dict[str, Counts] = {}  # of `counts`, what people gave other labels, by slug
    error: str | None = None
    etag: str | None = Field(default=None, alias="_etag", exclude=True)

    def item(self) -> dict[str, Any]:
        """See `Document.item`; images leave out what they do not have, which keeps a shard at about 40 KB."""
        return {**super().item(), "images": [row.model_dump(mode="json", exclude_none=True) for row in self.images]}

    def with_images(self, images: tuple[ImageRow, ...]) -> Self:
        """This shard with other rows, counted again."""
        moved: dict[str, list[ImageRow]] = {}
        for row in images:
            if row.curated is not None and row.curated.relabelled_from is not None:
                moved.setdefault(slugify(row.label), []).append(row)
        elsewhere = {slug: Counts.of(rows) for slug, rows in sorted(moved.items()) if slug != self.label}
        return self.model_copy(update={"images": images, "counts": Counts.of(images), "elsewhere": elsewhere})

    def by_label(self) -> dict[str, Counts]:
        """The counts of its rows by the slug of their label."""
        own = self.counts
        for counts in self.elsewhere.values():
            own = own.minus(counts)
        return {self.label: own, **self.elsewhere}


class SourceFigures(BaseModel):
    """What one source gave for one label in one round."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    source: str
    found: int
    dry: bool
    error_kind: str | None = None
    error: str | None = None  # one sentence


class SearchDocument(Document):
    """One round of searching for one label. Partition key: `dataset`. Id: `search-{label slug}-{round:03}`."""

    kind: Literal["search"] = "search"
    dataset: str
    label: str
    round: int
    first_shard: int
    shards: int
    found: int
    dry: bool
    over_cost: bool = False  # `max_cost` let fewer candidates in than there were, or none
    sources: tuple[SourceFigures, ...] = ()
    tried: int | None = None  # candidates of this round and those before it; None until they were counted
    kept: int | None = None  # of these, distinct images
    etag: str | None = Field(default=None, alias="_etag", exclude=True)

    @property
    def end_shard(self) -> int:
        """The number after the round's last shard: the first of the next round."""
        return self.first_shard + self.shards


def shard_id(slug: str, number: int) -> str:
    """The id of a shard, also the stem of its file names."""
    return f"{slug}-{number:05}"


def shard_parts(name: str) -> tuple[str, int] | None:
    """The label's slug and the number in a shard's id; None when it is no such id."""
    match = _SHARD.fullmatch(name)
    return (match[1], int(match[2])) if match else None


class Diff(BaseModel):
    """How many images differ from the version before."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    added: int = 0
    removed: int = 0
    relabelled: int = 0
    split_changed: int = 0


class VersionDocument(Document):
    """A frozen version. Partition key: `dataset`. Id: `version-{number:04}`.

    `manifest_sha256` is of the dataset's manifest as it was: the same content is the same version. A version that
    `freezing` has been for long was left so by a worker that died.
    """

    kind: Literal["version"] = "version"
    dataset: str
    number: int
    state: Literal["freezing", "frozen"] = "freezing"
    manifest_sha256: str
    name: str | None = None
    note: str | None = None
    by: str | None = None
    created: datetime = Field(default_factory=now)
    amended: datetime | None = None  # images had to be taken out of it since: nothing else changes a version
    images: int = 0
    labels: dict[str, int] = {}
    splits: dict[str, int] = {}
    bytes: int = 0
    diff: Diff = Diff()
    diff_bytes: int = 0  # of `diff.jsonl`
    etag: str | None = Field(default=None, alias="_etag", exclude=True)


def version_id(number: int) -> str:
    """The id of a version."""
    return f"version-{number:04}"


def search_id(slug: str, round_number: int) -> str:
    """The id of a round of searching."""
    return f"search-{slug}-{round_number:03}"
