"""Steps of a merge: list the accepted images of other datasets, and copy their bytes into shards of the new one."""

from collections.abc import Iterator
from itertools import batched, groupby

from pydantic import BaseModel, ConfigDict

from builder.rounds import SHARD_SIZE
from builder.rows import ImageRow
from builder.spec import slugify
from shared import datasets, shards
from shared.blobs import BlobFolder, dataset_folder
from shared.documents import Counts, Merge, ShardDocument, shard_id
from shared.steps import lifecycle
from shared.steps.validate import is_done
from shared.tasks import CopyTask, Gathered, Task

MAX_COPIES = 200
"""Activities at most: an orchestration slows down from some hundreds on."""


class Source(BaseModel):
    """An image to copy: out of which dataset, as what."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    dataset: str
    row: ImageRow


class Listed(BaseModel):
    """`merge/{shard}.json`: the images of one shard."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    images: tuple[Source, ...]


@lifecycle.tidied
def gather(task: Task) -> Gathered:
    """Write down which images go into which shard, unless that was done before: what happens to the other datasets from
    here on changes nothing, as long as their shards are there."""
    if not lifecycle.enter(task, "collecting"):
        return Gathered(shards=0, together=1)
    folder = dataset_folder(task.dataset)
    if not folder.exists(_COUNTS):
        document = datasets.get(task.owner, task.dataset)
        counts = _write_lists(folder, task.owner, document.merge or Merge(datasets=()))
        folder.write(_COUNTS, _Counts(shards=counts).model_dump_json().encode())
    number = len(_listed(folder))
    return Gathered(shards=number, together=max(-(-number // MAX_COPIES), 1))


_COUNTS = "merge/shards.json"


class _Counts(BaseModel):
    shards: dict[str, int]  # by slug of the label


def _listed(folder: BlobFolder) -> list[tuple[str, int]]:
    """The shards that were written down, by label and number."""
    counts = _Counts.model_validate_json(folder.read(_COUNTS)).shards
    return [(label, number) for label, count in counts.items() for number in range(count)]


def _write_lists(folder: BlobFolder, owner: str, merge: Merge) -> dict[str, int]:
    by_label: dict[str, list[Source]] = {}
    for parent in merge.datasets:
        datasets.get(owner, parent)  # it may have been deleted, and is somebody else's never
        for row in shards.rows(parent):
            if row.verdict == "accepted" and row.shard is not None:
                label = merge.labels.get(row.label, row.label)
                by_label.setdefault(slugify(label), []).append(Source(dataset=parent, row=row))
    counts = {}
    for slug, images in sorted(by_label.items()):
        for number, some in enumerate(batched(images, SHARD_SIZE, strict=False)):
            folder.write(_list(slug, number), Listed(images=some).model_dump_json(exclude_none=True).encode())
            counts[slug] = number + 1
    return counts


def _list(label: str, number: int) -> str:
    return f"merge/{shard_id(label, number)}.json"


def copy(task: CopyTask) -> None:
    """Copy the shards that are not there yet. FileNotFoundError when the dataset that has the bytes is gone."""
    if lifecycle.is_running(task):
        for label, number in _listed(dataset_folder(task.dataset))[task.first : task.first + task.count]:
            if not is_done(task.dataset, shard_id(label, number)) and lifecycle.is_running(task):
                _copy(task, label, number)
    lifecycle.tidy(task)


def _copy(task: Task, label: str, number: int) -> None:
    from builder import tarstream
    from builder.exports.base import file_name
    from builder.validate_shard import shard_name

    folder = dataset_folder(task.dataset)
    merge = datasets.get(task.owner, task.dataset).merge or Merge(datasets=())
    listed = Listed.model_validate_json(folder.read(_list(label, number))).images
    name = shard_name(label, number)
    rows: list[ImageRow] = []

    def tar() -> Iterator[bytes]:
        rows.clear()
        at = 0
        for index, (source, data) in enumerate(_read(listed)):
            row = _copied(source, merge, f"{shard_id(label, number)}-{index:02}")
            row = row.model_copy(update={"shard": name, "offset": at + tarstream.HEADER_BYTES})
            pieces = (
                tarstream.member(file_name(row), data),
                tarstream.member(f"{row.key}.json", row.model_dump_json().encode()),
            )
            at += sum(map(len, pieces))
            rows.append(row)
            yield from pieces
        yield tarstream.END

    folder.write(name, tar())
    images = tuple(rows)
    shards.remove(task.dataset, shard_id(label, number))  # its tar was lost, if it was there at all
    shards.add(
        ShardDocument(
            id=shard_id(label, number),
            dataset=task.dataset,
            label=label,
            number=number,
            state="validated",
            counts=Counts.of(images),
            images=images,
        )
    )


def _read(listed: tuple[Source, ...]) -> Iterator[tuple[Source, bytes]]:
    """Each image with its bytes, in order: what lies together in one dataset is read together."""
    from builder.images import read_images

    for parent, group in groupby(listed, key=lambda source: source.dataset):
        sources = list(group)
        found = read_images(dataset_folder(parent), (source.row for source in sources))
        for source, (_, data) in zip(sources, found, strict=True):
            yield source, data


def _copied(source: Source, merge: Merge, key: str) -> ImageRow:
    row = source.row
    return row.model_copy(
        update={
            "key": key,
            "label": merge.labels.get(row.label, row.label),
            "split": None,
            "curated": None,
            "origin": row.origin or f"{source.dataset}/{row.key}",
            "duplicate_of": None,
        }
    )
