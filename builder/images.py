"""The bytes of many images, read from their shards in few requests."""

import os
from collections.abc import Iterable, Iterator
from itertools import batched, groupby

from builder.errors import MissingBytesError
from builder.rows import ImageRow
from builder.store import Folder, LocalFolder

_WINDOW_BYTES = 8 << 20
"""Most that is read, and so held, at a time (a single larger image aside)."""

_GAP_BYTES = 256 << 10
"""Unwanted bytes between two images that are read rather than asked around: about what a request costs in the same
region. The images of a small split lie far apart; larger gaps would read every shard again for each."""


_LOOKED_AT = 64
"""Rows: as many as a shard of the builder has at most."""


def read_images(folder: Folder, rows: Iterable[ImageRow]) -> Iterator[tuple[ImageRow, bytes]]:
    """Each row with its image's bytes. Rows that follow each other in one shard share a request or, on this machine's
    disk, an open file: give them in order of key.

    Raises MissingBytesError when a row points at no shard, or past the end of it; FileNotFoundError when the shard is
    gone.
    """
    for shard, in_shard in groupby(rows, key=lambda row: row.shard):
        if shard is None:
            msg = f"{next(in_shard).key} has no shard: only images that passed validation have bytes"
            raise MissingBytesError(msg)
        for row, data in _read(folder, shard, in_shard):
            if len(data) < (row.size_bytes or 0):
                msg = f"{shard} ends before the bytes of {row.key}: validate that shard again"
                raise MissingBytesError(msg)
            yield row, data


def _read(folder: Folder, shard: str, rows: Iterable[ImageRow]) -> Iterator[tuple[ImageRow, bytes]]:
    """Each row with what the shard has of its bytes."""
    return _from_disk(folder, shard, rows) if isinstance(folder, LocalFolder) else _asked(folder, shard, rows)


def _from_disk(folder: LocalFolder, shard: str, rows: Iterable[ImageRow]) -> Iterator[tuple[ImageRow, bytes]]:
    """Image by image: a request costs next to nothing here, and reading many at once only to cut them apart copies them
    twice."""
    with folder.open(shard) as file:
        for row in rows:
            low, high = _span(row)
            yield row, os.pread(file.fileno(), high - low, low)


def _asked(folder: Folder, shard: str, rows: Iterable[ImageRow]) -> Iterator[tuple[ImageRow, bytes]]:
    """In few requests."""
    for window in _windows(rows):
        start = min(_span(row)[0] for row in window)
        data = folder.read_range(shard, start, max(_span(row)[1] for row in window) - start)
        for row in window:
            low, high = _span(row)
            yield row, data[low - start : high - start]


def _span(row: ImageRow) -> tuple[int, int]:
    """First byte, and the one after the last, in the shard."""
    if row.offset is None or row.size_bytes is None:
        msg = f"{row.key} does not say where in {row.shard} its bytes are"
        raise MissingBytesError(msg)
    return row.offset, row.offset + row.size_bytes


def _windows(rows: Iterable[ImageRow]) -> Iterator[list[ImageRow]]:
    """Rows that are read together: near each other, and not too much in all. In a shard that was written as images
    came they lie in any order, so some rows are looked at together before it is told what is near."""
    for some in batched(rows, _LOOKED_AT, strict=False):
        spans = [_span(row) for row in some]
        reach = max(high for _, high in spans) - min(low for low, _ in spans)
        if reach <= min(_WINDOW_BYTES, sum(high - low for low, high in spans) + _GAP_BYTES * (len(some) - 1)):
            yield list(some)
        else:
            yield from _neighbours(some)


def _neighbours(rows: Iterable[ImageRow]) -> Iterator[list[ImageRow]]:
    """Rows of which each begins not far behind the one before."""
    window: list[ImageRow] = []
    for row in rows:
        low, high = _span(row)
        if window:
            end = _span(window[-1])[1]
            if not (end <= low <= end + _GAP_BYTES and high - _span(window[0])[0] <= _WINDOW_BYTES):
                yield window
                window = []
        window.append(row)
    if window:
        yield window
