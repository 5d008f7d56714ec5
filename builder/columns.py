"""What deciding asks of rows, and holds of them: a few columns, some 250 bytes per image."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from builder.fingerprints import Collector
from builder.hashes import Indices
from builder.rows import SPLITS, Glance, ImageRow
from builder.standing import standing_of

_DIGEST_BYTES = 32

_TOLD_BITS = 52
"""Of a digest: as many as a float holds exactly."""


@dataclass
class Columns:
    """Images in the order in which they came; by position. Most of what is held are keys and digests."""

    keys: list[str] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    label: "array[int]" = field(default_factory=lambda: array("q"))
    pixels: "array[int]" = field(default_factory=lambda: array("q"))
    size: "array[int]" = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)
    known: bytearray = field(default_factory=bytearray)
    standing: bytearray = field(default_factory=bytearray)  # positions in `builder.standing.STANDINGS`
    held: bytearray = field(default_factory=bytearray)  # positions in SPLITS, from 1 on; 0 for none
    hashes: Collector = field(default_factory=Collector)

    @classmethod
    def of(cls, rows: Iterable[ImageRow | Glance], *, turned: bool = False, keep: bool = False) -> Self:
        """Of all these rows; with `turned` also the hashes of mirrored and rotated copies, with `keep` the splits that
        they have. Raises ValueError for a
        SHA-256 that is none."""
        made = cls()
        for row in rows:
            made.add(row, turned=turned, keep=keep)
        return made

    def add(self, row: ImageRow | Glance, *, turned: bool = False, keep: bool = False) -> None:
        """Take one row; see `of`. Its key must be another than those before (see `in_order`)."""
        self.keys.append(row.key)
        self.label.append(self.labels.setdefault(row.label, len(self.labels)))
        self.pixels.append((row.source_width or row.width or 0) * (row.source_height or row.height or 0))
        self.size.append(row.source_bytes or row.size_bytes or 0)
        for digest in (row.source_sha256, row.sha256):
            self.known.append(digest is not None)
            self.digests += bytes.fromhex(digest) if digest else bytes(_DIGEST_BYTES)
        if len(self.digests) != _DIGEST_BYTES * len(self.known):
            msg = f"{row.key} has a SHA-256 that is not 64 hex digits"
            raise ValueError(msg)
        self.hashes.add(row, turned=turned)
        if isinstance(row, Glance):  # of a journal: nobody has decided about it yet
            self.standing.append(0)
            self.held.append(0)
        else:
            self.standing.append(standing_of(row, keep=keep))
            self.held.append(SPLITS.index(row.split) + 1 if keep and row.split else 0)

    @cached_property
    def in_order(self) -> Indices:
        """Positions in order of key, shape (n,); to be asked for when all rows are there. ValueError where two rows
        have the same key."""
        order = sorted(range(len(self.keys)), key=self.keys.__getitem__)
        if any(self.keys[one] == self.keys[other] for one, other in pairwise(order)):
            msg = "two rows have the same key: pass each row once"
            raise ValueError(msg)
        return np.array(order, dtype=np.int64)

    def contents(self) -> NDArray[np.int64]:
        """Numbers of contents by image, shape (n, 2): of the bytes as served and as stored; the same number for the
        same bytes, -1 where they are unknown."""
        words = np.frombuffer(self.digests, dtype=np.uint64).reshape(-1, 4)
        order = np.lexsort(words.T)
        new = np.zeros(len(words), dtype=bool)
        new[:1] = True
        for word in range(words.shape[1]):
            ordered = words[order, word]
            new[1:] |= ordered[1:] != ordered[:-1]
        numbers = np.empty(len(words), dtype=np.int64)
        numbers[order] = np.cumsum(new)
        return np.where(self._is_known, numbers, -1).reshape(-1, 2)

    def places(self) -> NDArray[np.float64]:
        """A number in [0, 1) from each image's content, shape (n,): the first 52 bits of the SHA-256 of the bytes as
        served, of those stored where that is unknown, of the key where both are."""
        first = np.frombuffer(self.digests, dtype=">u8").reshape(-1, 2, 4)[:, :, 0]
        known = self._is_known.reshape(-1, 2)
        numbers = np.where(known[:, 0], first[:, 0], first[:, 1])
        for position in np.flatnonzero(~known.any(axis=1)).tolist():
            numbers[position] = int.from_bytes(self.keys[position].encode()[:8].ljust(8, b"\0"))
        return (numbers >> np.uint64(64 - _TOLD_BITS)) / np.float64(1 << _TOLD_BITS)

    @property
    def _is_known(self) -> NDArray[np.bool_]:
        return np.frombuffer(self.known, dtype=np.bool_)
