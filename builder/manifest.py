"""The manifest: JSON Lines, one row per candidate, rejected and failed ones too."""

from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from builder.errors import ManifestError
from builder.rows import ImageRow

MANIFEST = "manifest.jsonl"
"""What it is called in a dataset."""

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


def read_manifest(chunks: Iterable[bytes]) -> Iterator[ImageRow]:
    """The rows of a manifest given in pieces; blank lines are skipped. Raises ManifestError with the number of a line
    that is none."""
    for number, line in enumerate(_lines(chunks), start=1):
        if not line.strip():
            continue
        try:
            yield ImageRow.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "line"
            msg = f"line {number} is no row of a manifest: {where}: {first['msg']}"
            raise ManifestError(msg) from None


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
