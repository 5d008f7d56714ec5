"""`imagefolder`: one zip with `train|val|test/label/image`, as torchvision, Keras and Hugging Face read it."""

from collections.abc import Iterator

from builder.exports.base import About, ExportFile, Rows
from builder.exports.sidecars import zipped
from builder.store import Folder


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{dataset slug}.zip`.

    No `metadata.csv` or `metadata.jsonl` is in it: with one, Hugging Face's `imagefolder` stops taking labels from
    folder names. What it would say is in `manifest.jsonl` and `attribution.csv`; the exports `csv` and `jsonl` have
    it.
    """
    return zipped(folder, rows, about, "imagefolder")
