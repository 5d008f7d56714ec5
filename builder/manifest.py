"""The manifest: JSON Lines, one row per candidate, rejected and failed ones too."""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from builder.errors import ManifestError
from builder.rows import SPLITS, ImageRow, Split
from builder.store import Folder

MANIFEST = "manifest.jsonl"
"""What it is called in a dataset."""

_END_OF_ROW: dict[Split, bytes] = {split: f'"split":"{split}"}}'.encode() for split in SPLITS}
"""As `write_manifest` has it: no other field is the last, and no text has such quotes in it."""

_PIECE_BYTES = 1 << 16
_LONGEST_LINE = 1 << 20
"""Bytes; a row is about one kilobyte."""


def write_manifest(rows: Iterable[ImageRow]) -> Iterator[bytes]:
    """The rows as JSON Lines (jsonlines.org: UTF-8, one object a line, `\\n` after each), in pieces of about 64 KiB.

    Every line has every field, `null` where there is nothing, so that readers find the same columns everywhere.
    """
    piece = bytearray()
    for row in rows:
        piece += row.model_dump_json().encode()
        piece += b"\n"
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def read_manifest(chunks: Iterable[bytes], passed_over: tuple[bytes, ...] = ()) -> Iterator[ImageRow]:
    """The rows of a manifest given in pieces; blank lines are skipped, and those with such an end. Raises ManifestError
    with the number of a line that is none."""
    for number, line in enumerate(_lines(chunks), start=1):
        if line.endswith(passed_over) or not line.strip():
            continue
        try:
            yield ImageRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "line"
            msg = f"line {number} is no row of a manifest: {where}: {first['msg']}"
            raise ManifestError(msg) from None


class ManifestRows:
    """A dataset's rows, read from its manifest each time they are asked for, so that none is held."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def __call__(self) -> Iterator[ImageRow]:
        """All of them."""
        return read_manifest(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The manifest's bytes."""
        return self._folder.chunks(MANIFEST)

    def of_split(self, split: Split) -> Iterator[ImageRow]:
        """The rows of that split, and maybe others: lines that end like those of another split are not made rows of,
        which would be most of the work."""
        return read_manifest(self.chunks(), tuple(_END_OF_ROW[other] for other in SPLITS if other != split))


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST_LINE:
            msg = f"a line is longer than {_LONGEST_LINE} bytes: this is no manifest"
            raise ManifestError(msg)
    if rest:
        yield rest
