"""What exports have in common: the dataset they are of, the files they make, where images belong in them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from builder.formats import EXTENSIONS
from builder.manifest import ManifestRows
from builder.report import Report
from builder.rows import SPLITS, ImageRow, Row, Split
from builder.spec import MAX_LABELS, DatasetSpec, slugify

Rows = Callable[[], Iterator[ImageRow]]
"""Gives all rows of the manifest from the beginning each time it is called, in order of key, with verdicts and
splits. Exports call it several times rather than hold the rows."""

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class About:
    """The dataset as its card, metadata and exports tell it."""

    spec: DatasetSpec
    report: Report
    created: date | None = None
    url: str | None = None  # where the dataset can be found, if anywhere
    thumbnails: bytes | None = None  # `thumbnails.jpg` where it has been drawn already
    version: int | None = None  # of a frozen dataset


class ExportedFile(Row):
    """A file of an export, as it lies in the folder. `sha256` is hex."""

    name: str
    bytes: int
    sha256: str


class Measured:
    """Pieces that can be gone through once, with what was seen of them: `bytes` counted, and their `sha256` in hex.

    A piece is hashed in a thread while the next is made and this one written.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._digest = hashlib.sha256()
        self._hashing: Future[None] | None = None
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._settle()
        self._hashing = _hashers().submit(self._digest.update, chunk)
        self.bytes += len(chunk)
        return chunk

    def _settle(self) -> None:
        if self._hashing is not None:
            self._hashing.result()

    @property
    def sha256(self) -> str:
        """Of what has gone by so far."""
        self._settle()
        return self._digest.hexdigest()

    def named(self, name: str) -> ExportedFile:
        """What there is to tell of a file of that name once all of it has gone by."""
        return ExportedFile(name=name, bytes=self.bytes, sha256=self.sha256)


@cache
def _hashers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="sha256")


@dataclass(frozen=True)
class ExportFile:
    """One file of an export. Use up `chunks` before asking for the next file: they may read from the same source."""

    name: str
    chunks: Iterator[bytes]


def accepted(rows: Rows) -> Iterator[ImageRow]:
    """The rows whose images are in the dataset."""
    return (row for row in rows() if row.verdict == "accepted")


def of_split(rows: Rows, split: Split) -> Iterator[ImageRow]:
    """The accepted rows of one split; a dataset that is not split has all of them in `train`."""
    found = rows.of_split(split) if isinstance(rows, ManifestRows) else rows()
    return (row for row in found if row.verdict == "accepted" and (row.split or "train") == split)


def splits_with_images(rows: Rows) -> tuple[Split, ...]:
    """The splits that have images, in their usual order."""
    present = {row.split or "train" for row in accepted(rows)}
    return tuple(split for split in SPLITS if split in present)


def classes(spec: DatasetSpec) -> dict[str, int]:
    """Numbers of the classes by folder name (slug of the label): alphabetical, as readers of folders number them."""
    return {slug: number for number, slug in enumerate(sorted(label.slug for label in spec.labels))}


folder_name = lru_cache(MAX_LABELS)(slugify)
"""`slugify` for labels, of which there are few and which every row asks for."""


def file_name(row: ImageRow) -> str:
    """`{key}.{ext}` of an accepted row."""
    return f"{row.key}.{EXTENSIONS[row.format or '']}"


def image_path(row: ImageRow) -> str:
    """`{split}/{label slug}/{key}.{ext}`: where the image is in a folder made for training."""
    return f"{row.split or 'train'}/{folder_name(row.label)}/{file_name(row)}"


def flat_path(row: ImageRow) -> str:
    """`{split}/{key}.{ext}`, for layouts that tell labels otherwise."""
    return f"{row.split or 'train'}/{file_name(row)}"


def encoded(texts: Iterable[str]) -> Iterator[bytes]:
    """Texts as UTF-8, in pieces that are worth writing."""
    return gathered((text.encode() for text in texts), 1 << 16)


def gathered(parts: Iterable[bytes], size: int | None = None) -> Iterator[bytes]:
    """The same bytes in pieces of at least `size` (but the last), or a megabyte: few steps, and one copy."""
    enough = size or PIECE_BYTES
    held: list[bytes] = []
    length = 0
    for part in parts:
        held.append(part)
        length += len(part)
        if length >= enough:
            yield b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)
