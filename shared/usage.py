"""What a tenant has used: images by month, stored bytes, and how past builds went.

Every document is named by what it tells of and holds a figure that was looked up, never one that was added to: writing
it twice changes nothing, and nothing can drift.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared import cosmos, datasets, shards
from shared.blobs import dataset_folder, tenant_uploads
from shared.cosmos import container, query
from shared.documents import Counts, DatasetDocument, Document, now, shard_parts

NAME = "usage"
_SHARDS = "shards/"
_KEPT = ("images/", "url-lists/")
"""Of what a tenant brought, by folder."""


class MonthUsage(Document):
    """Images that a dataset got in a month (UTC). It outlives the dataset. Partition key: `owner`."""

    kind: Literal["images"] = "images"
    owner: str
    dataset: str
    month: str  # 2026-11
    images: int


class LabelFigures(BaseModel):
    """How collecting one label went: `good` candidates were images fit to be kept, needed or not."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    candidates: int
    good: int
    images: int  # with bytes in the shards
    bytes: int  # of the shards


class DatasetUsage(Document):
    """What a dataset takes up, and how its labels went. It goes with the dataset. Partition key: `owner`."""

    kind: Literal["dataset"] = "dataset"
    owner: str
    dataset: str
    bytes: int  # all files of the dataset's folder
    labels: dict[str, LabelFigures] = Field(default_factory=dict)  # by slug
    updated: datetime


class UploadsUsage(Document):
    """What a tenant's uploads and URL lists take up; none while there are none. Partition key: `owner`."""

    id: str = "uploads"
    kind: Literal["uploads"] = "uploads"
    owner: str
    bytes: int
    updated: datetime


def month_of(time: datetime) -> str:
    """The calendar month, `2026-11`."""
    return f"{time:%Y-%m}"


def next_month(time: datetime) -> datetime:
    """The moment at which the next calendar month begins."""
    first = time.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=time.year + time.month // 12, month=time.month % 12 + 1)


def measure(owner: str, dataset: str) -> None:
    """Look up what the dataset has and takes up now, and note it. To be called whenever either may have changed.

    Nothing happens if this owner has no such dataset, or it is being deleted.
    """
    if (document := _there(owner, dataset)) is None:
        return
    summaries = shards.summaries(dataset)
    sizes = dataset_folder(dataset).sizes()
    moment = now()
    if document.merge is None:  # what is copied was counted when it was built
        _count_images(owner, dataset, sum(shard.counts.accepted for shard in summaries), month_of(moment))
    counts: dict[str, Counts] = {}
    for shard in summaries:
        counts[shard.label] = counts.get(shard.label, Counts()).plus(shard.counts)
    found = DatasetUsage(
        id=_dataset_id(dataset),
        owner=owner,
        dataset=dataset,
        bytes=sum(sizes.values()),
        labels={slug: _figures(one, _shard_bytes(sizes, slug)) for slug, one in counts.items()},
        updated=moment,
    )
    container(NAME).upsert_item(found.item())
    # Either this look comes after the mark of a deletion, or the removal comes after the write.
    if _there(owner, dataset) is None:
        forget(owner, dataset)


def _there(owner: str, dataset: str) -> DatasetDocument | None:
    found = datasets.find(owner, dataset)
    return None if found is None or found.state == "deleting" else found


def measure_uploads(owner: str) -> None:
    """Look up what the owner's uploads and URL lists take up now, and note it; to be called whenever that changed.

    Bytes that wait for their check are not counted: the check counts them. An export of the tenant is not either.
    """
    folder = tenant_uploads(owner)
    size = sum(sum(folder.sizes(kind).values()) for kind in _KEPT)
    found = UploadsUsage(owner=owner, bytes=size, updated=now())
    if size:
        container(NAME).upsert_item(found.item())
    else:
        cosmos.delete(NAME, found.id, owner)


def _count_images(owner: str, dataset: str, images: int, month: str) -> None:
    """Count the images that the dataset has beyond those counted in other months; the most it ever had in a month."""
    noted = query(
        NAME,
        "SELECT c.month, c.images FROM c WHERE c.kind = 'images' AND c.dataset = @dataset",
        {"dataset": dataset},
        owner,
    )
    before = sum(one["images"] for one in noted if one["month"] < month)
    most = max((one["images"] for one in noted if one["month"] == month), default=0)
    if images - before > most:
        document = MonthUsage(
            id=f"images:{dataset}:{month}", owner=owner, dataset=dataset, month=month, images=images - before
        )
        container(NAME).upsert_item(document.item())


def _figures(counts: Counts, size: int) -> LabelFigures:
    good = counts.accepted + counts.surplus
    return LabelFigures(candidates=counts.candidates, good=good, images=counts.validated, bytes=size)


def _shard_bytes(sizes: Mapping[str, int], slug: str) -> int:
    names = ((name.removeprefix(_SHARDS).removesuffix(".tar"), size) for name, size in sizes.items())
    return sum(size for name, size in names if (parts := shard_parts(name)) and parts[0] == slug)


def forget(owner: str, dataset: str) -> None:
    """The dataset is gone, and takes up nothing; the images it had stay counted."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    try:
        container(NAME).delete_item(_dataset_id(dataset), owner)
    except CosmosResourceNotFoundError:
        return


def images_by_month(owner: str) -> dict[str, int]:
    """Images of every month in which there were any, the latest first."""
    found: dict[str, int] = {}
    for one in query(NAME, "SELECT c.month, c.images FROM c WHERE c.kind = 'images'", {}, owner):
        found[one["month"]] = found.get(one["month"], 0) + one["images"]
    return dict(sorted(found.items(), reverse=True))


def used(owner: str, month: str) -> tuple[int, int]:
    """Images of one month, and bytes that all the owner's datasets and uploads take up; by one query."""
    where = "c.kind = 'dataset' OR c.kind = 'uploads' OR (c.kind = 'images' AND c.month = @month)"
    found = query(NAME, f"SELECT c.images, c.bytes FROM c WHERE {where}", {"month": month}, owner)  # noqa: S608 (no outside text in it)
    return sum(one.get("images", 0) for one in found), sum(one.get("bytes", 0) for one in found)


def bytes_of_uploads(owner: str) -> int:
    """Bytes that the owner's uploads and URL lists take up."""
    return int((cosmos.read(NAME, "uploads", owner) or {}).get("bytes", 0))


def bytes_of(owner: str, names: Sequence[str]) -> int:
    """Bytes that these datasets of the owner take up."""
    sql = "SELECT c.bytes FROM c WHERE c.kind = 'dataset' AND ARRAY_CONTAINS(@names, c.dataset)"
    return sum(one["bytes"] for one in query(NAME, sql, {"names": list(names)}, owner))


def past_figures(owner: str, most: int = 50) -> list[dict[str, LabelFigures]]:
    """How the labels of the owner's latest datasets went, by slug; at most `most` datasets."""
    sql = "SELECT TOP @most c.labels FROM c WHERE c.kind = 'dataset' ORDER BY c.updated DESC"
    found: list[dict[str, Any]] = query(NAME, sql, {"most": most}, owner)
    return [{slug: LabelFigures.model_validate(one) for slug, one in item.get("labels", {}).items()} for item in found]


def _dataset_id(dataset: str) -> str:
    return f"dataset:{dataset}"
