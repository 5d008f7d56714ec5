"""What exports have in common: the dataset they are of, the files they make, where images belong in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from builder.formats import EXTENSIONS
from builder.report import Report
from builder.rows import ImageRow
from builder.spec import DatasetSpec, slugify

Rows = Callable[[], Iterator[ImageRow]]
"""Gives all rows of the manifest from the beginning each time it is called, in order of key, with verdicts and
splits."""


@dataclass(frozen=True)
class About:
    """The dataset as its card, metadata and exports tell it."""

    spec: DatasetSpec
    report: Report
    created: date | None = None
    url: str | None = None  # where the dataset can be found, if anywhere


@dataclass(frozen=True)
class ExportFile:
    """One file of an export. Use up `chunks` before asking for the next file: they may read from the same source."""

    name: str
    chunks: Iterator[bytes]


def accepted(rows: Rows) -> Iterator[ImageRow]:
    """The rows whose images are in the dataset."""
    return (row for row in rows() if row.verdict == "accepted")


def file_name(row: ImageRow) -> str:
    """`{key}.{ext}` of an accepted row."""
    return f"{row.key}.{EXTENSIONS[row.format or '']}"


def image_path(row: ImageRow) -> str:
    """`{split}/{label slug}/{key}.{ext}`: where the image is in a folder made for training."""
    return f"{row.split or 'train'}/{slugify(row.label)}/{file_name(row)}"
