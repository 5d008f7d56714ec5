"""`webdataset`: tar shards per split, read front to back while training."""

from collections.abc import Iterator

from builder import tarstream
from builder.exports.base import (
    About,
    ExportedFile,
    ExportFile,
    Measured,
    Rows,
    classes,
    file_name,
    folder_name,
    gathered,
    of_split,
)
from builder.exports.cut import cut
from builder.exports.sidecars import beside
from builder.images import read_images
from builder.rows import SPLITS, ImageRow
from builder.store import Folder

SHARD_IMAGES = 1_000
SHARD_BYTES = 256 << 20
"""A shard is full when it has this many images, or when another one would make their bytes more than this."""


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{split}-{n:05}.tar` with, per image, `{key}.{ext}`, `{key}.cls` (number of its class) and `{key}.json` (its
    row); then `classes.txt` (folder names of the labels in order of their number) and the sidecars.

    Classes are numbered in alphabetical order of their slugs, as `imagefolder` readers number them. Samples come in
    order of key, so one label after the other: shuffle shards and samples when training.
    """
    numbers = {slug: str(number).encode() for slug, number in classes(about.spec).items()}
    shards: list[ExportedFile] = []
    for split in SPLITS:
        for number, part in cut(of_split(rows, split), SHARD_IMAGES, SHARD_BYTES):
            name = f"{split}-{number:05}.tar"
            tar = Measured(gathered(_tar(folder, part, numbers)))
            yield ExportFile(name, tar)
            shards.append(tar.named(name))
    yield ExportFile("classes.txt", iter(["".join(f"{slug}\n" for slug in numbers).encode()]))
    yield from beside(folder, rows, about, "webdataset", shards)


def _tar(folder: Folder, rows: Iterator[ImageRow], numbers: dict[str, bytes]) -> Iterator[bytes]:
    for row, data in read_images(folder, rows):
        yield tarstream.header(file_name(row), len(data))
        yield data
        told = tarstream.member(f"{row.key}.json", row.model_dump_json().encode())
        yield tarstream.padding(len(data)) + tarstream.member(f"{row.key}.cls", numbers[folder_name(row.label)]) + told
    yield tarstream.END
