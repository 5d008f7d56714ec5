"""`webdataset`: tar shards per split, read front to back while training."""

from collections.abc import Callable, Iterator
from itertools import groupby

from builder import tarstream
from builder.card import card
from builder.exports.base import About, ExportFile, Rows, accepted, file_name
from builder.images import read_images
from builder.manifest import write_manifest
from builder.rows import ImageRow
from builder.spec import slugify
from builder.splits import SPLITS
from builder.store import Folder

SHARD_IMAGES = 1_000
SHARD_BYTES = 256 << 20
"""A shard is full when it has this many images, or when another one would make their bytes more than this."""


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{split}-{n:05}.tar` with, per image, `{key}.{ext}`, `{key}.cls` (number of its class) and `{key}.json` (its
    row); then `classes.txt` (folder names of the labels in order of their number), `manifest.jsonl` and `README.md`.

    Classes are numbered in alphabetical order of their slugs, as `imagefolder` readers number them. Samples come in
    order of key, so one label after the other: shuffle shards and samples when training.
    """
    classes = sorted(label.slug for label in about.spec.labels)
    numbers = {slug: str(number).encode() for number, slug in enumerate(classes)}
    for split in SPLITS:
        of_split = (row for row in accepted(rows) if (row.split or "train") == split)
        for number, shard in groupby(of_split, key=_shard_numbers()):
            yield ExportFile(f"{split}-{number:05}.tar", _tar(folder, shard, numbers))
    yield ExportFile("classes.txt", iter(["".join(f"{slug}\n" for slug in classes).encode()]))
    yield ExportFile("manifest.jsonl", write_manifest(rows()))
    yield ExportFile("README.md", iter([card(about, "webdataset").encode()]))


def _shard_numbers() -> Callable[[ImageRow], int]:
    """A function that, called on row after row, tells the number of the shard that each belongs to."""
    number = images = size = 0

    def of(row: ImageRow) -> int:
        nonlocal number, images, size
        more = row.size_bytes or 0
        if images and (images >= SHARD_IMAGES or size + more > SHARD_BYTES):
            number, images, size = number + 1, 0, 0
        images, size = images + 1, size + more
        return number

    return of


def _tar(folder: Folder, rows: Iterator[ImageRow], numbers: dict[str, bytes]) -> Iterator[bytes]:
    for row, data in read_images(folder, rows):
        yield tarstream.member(file_name(row), data)
        yield tarstream.member(f"{row.key}.cls", numbers[slugify(row.label)])
        yield tarstream.member(f"{row.key}.json", row.model_dump_json().encode())
    yield tarstream.END
