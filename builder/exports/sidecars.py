"""What goes with the images in every layout: card, thumbnails, licences, attribution, Croissant, manifest."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from builder.attribution import attribution_csv
from builder.card import LICENCE_NOTE, THUMBNAILS, card
from builder.croissant import export_croissant
from builder.exports.base import (
    About,
    ExportedFile,
    ExportFile,
    Measured,
    Rows,
    accepted,
    file_name,
    flat_path,
    image_path,
)
from builder.grid import thumbnail_grid
from builder.images import read_images
from builder.manifest import MANIFEST, ManifestRows, write_manifest
from builder.rows import ImageRow
from builder.spec import ExportFormat, slugify
from builder.store import Folder
from builder.zipstream import zip_chunks

type Entry = tuple[str, bytes | Iterable[bytes]]

_PATHS: dict[ExportFormat, Callable[[ImageRow], str]] = {
    "coco": flat_path,
    "parquet": file_name,
    "webdataset": file_name,
}
"""What names an image in the layouts where it is not `image_path`."""


def sidecars(
    folder: Folder, rows: Rows, about: About, layout: ExportFormat, files: Sequence[ExportedFile] = ()
) -> Iterator[Entry]:
    """The files in order of name and content; use up each before asking for the next. `files` are for
    `export_croissant`."""
    yield "README.md", card(about, layout).encode()
    yield THUMBNAILS, about.thumbnails or thumbnail_grid(folder, accepted(rows), about.spec)
    yield "LICENCES.txt", LICENCE_NOTE.encode()
    table = Measured(attribution_csv(rows(), _PATHS.get(layout, image_path)))
    yield "attribution.csv", table
    yield "croissant.json", export_croissant(about, layout, table.named("attribution.csv"), files)
    yield MANIFEST, rows.chunks() if isinstance(rows, ManifestRows) else write_manifest(rows())


def beside(
    folder: Folder, rows: Rows, about: About, layout: ExportFormat, files: Sequence[ExportedFile] = ()
) -> Iterator[ExportFile]:
    """The sidecars as files of their own, for layouts of several files."""
    for name, content in sidecars(folder, rows, about, layout, files):
        yield ExportFile(name, iter([content] if isinstance(content, bytes) else content))


def zipped(
    folder: Folder, rows: Rows, about: About, layout: ExportFormat, tables: Iterable[Entry] = ()
) -> Iterator[ExportFile]:
    """The single file `{dataset slug}.zip`: sidecars, the layout's own `tables`, images. Made while it is read:
    neither images nor rows are held in memory."""

    def entries() -> Iterator[Entry]:
        yield from sidecars(folder, rows, about, layout)
        yield from tables
        path = _PATHS.get(layout, image_path)
        for row, data in read_images(folder, accepted(rows)):
            yield path(row), data

    yield ExportFile(f"{slugify(about.spec.name)}.zip", zip_chunks(entries()))
