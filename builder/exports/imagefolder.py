"""`imagefolder`: one zip with `train|val|test/label/image`, as torchvision, Keras and Hugging Face read it."""

from collections.abc import Iterable, Iterator

from builder.attribution import attribution_csv
from builder.card import LICENCE_NOTE, card
from builder.croissant import folder_croissant
from builder.exports.base import About, ExportFile, Rows, accepted, image_path
from builder.images import read_images
from builder.manifest import write_manifest
from builder.spec import slugify
from builder.store import Folder
from builder.zipstream import zip_chunks


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """The single file `{dataset slug}.zip`, made while it is read: neither images nor rows are held in memory.

    No `metadata.csv` or `metadata.jsonl` is in it: with one, Hugging Face's `imagefolder` stops taking labels from
    folder names. What it would say is in `manifest.jsonl` and `attribution.csv`.
    """
    yield ExportFile(f"{slugify(about.spec.name)}.zip", zip_chunks(_entries(folder, rows, about)))


def _entries(folder: Folder, rows: Rows, about: About) -> Iterator[tuple[str, bytes | Iterable[bytes]]]:
    yield "README.md", card(about, "imagefolder").encode()
    yield "LICENCES.txt", LICENCE_NOTE.encode()
    yield "croissant.json", folder_croissant(about, rows)
    yield "attribution.csv", attribution_csv(rows())
    yield "manifest.jsonl", write_manifest(rows())
    for row, data in read_images(folder, accepted(rows)):
        yield image_path(row), data
