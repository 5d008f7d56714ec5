"""Hashes in buckets by the value of one band, and the comparison of every two buckets whose values are close."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from builder.bands import Band

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]
Found = Iterator[tuple[Indices, Indices, Hashes]]
"""Pieces of pairs: positions of the two, and in which bits they differ."""

_CHUNK = 1 << 16
"""Comparisons in one go: what is computed for them is some hundred kilobytes, which caches hold."""

_TILE = 256
"""Hashes of one bucket that are compared with as many of another in one go."""

_BATCH = 1 << 20
"""Pairs of buckets that are put in order together."""

_GATHERED = 1 << 16
"""Pairs found that are told in one go."""

_SIZES = np.array([*range(1, 16), *(k << power for power in range(1, 28) for k in range(8, 16))], dtype=np.int64)
"""Sizes to which buckets are filled up, so that many of one size are compared in one go: at most an eighth more."""

_PLACE_BITS, _SIZE_BITS = np.uint64(24), np.uint64(8)
_PLACE = (np.uint64(1) << _PLACE_BITS) - np.uint64(1)
_NOBODY = ~np.uint64(0)


@dataclass(frozen=True)
class _Shelf:
    """Buckets of one size: `hashes` has one in each column. Where a bucket has less, its last hash is there again.
    `first`, `last`: places of each among the sorted hashes; `values`: of the band; shapes (columns,)."""

    hashes: Hashes
    first: Indices
    last: Indices
    values: Indices


class Buckets:
    """Hashes sorted by the value of a band."""

    def __init__(self, hashes: Hashes, band: Band) -> None:
        values = band.of(hashes)
        # Sorting numbers that hold value and position is three times as fast as asking for the order of the values.
        self._order = np.sort((values << 32) | np.arange(len(values))) & ((1 << 32) - 1)
        self._band = band
        counts = np.bincount(values, minlength=1 << band.width)
        ends = np.cumsum(counts)
        used = np.flatnonzero(counts)
        size = np.searchsorted(_SIZES, counts[used])
        self._shelves: dict[int, _Shelf] = {}
        for number in np.flatnonzero(np.bincount(size)).tolist():
            these = used[size == number]
            first, last = ends[these] - counts[these], ends[these] - 1
            places = np.minimum(np.arange(_SIZES[number])[:, None] + first, last)
            self._shelves[number] = _Shelf(hashes[self._order[places]], first, last, these)

    def close(self, radius: int) -> Found:
        """Pairs whose values differ in at most the band's bits, and which as a whole differ in at most `radius`: the
        positions of both in the order given, and in which bits they differ. Each pair once, its two in any order."""
        for left, right, differ in _gathered(self._close(_Comparison(radius))):
            yield self._order[left], self._order[right], differ

    def _close(self, comparison: "_Comparison") -> Found:
        for shelf in self._shelves.values():
            yield from comparison.within(shelf)
        held: list[NDArray[np.uint64]] = []
        count = 0
        for met in self._meetings():
            held.append(met)
            count += len(met)
            if count >= _BATCH:
                yield from self._compared(comparison, np.concatenate(held))
                held.clear()
                count = 0
        if count:
            yield from self._compared(comparison, np.concatenate(held))

    def _meetings(self) -> Iterator[NDArray[np.uint64]]:
        """Pairs of different buckets whose values are close, as numbers: size and size (positions in `_SIZES`), column
        and column on their shelves."""
        where = np.full(1 << self._band.width, _NOBODY)
        for number, shelf in self._shelves.items():
            where[shelf.values] = (np.uint64(number) << (_PLACE_BITS * 2)) | np.arange(
                len(shelf.values), dtype=np.uint64
            )
        for top in range(self._band.width if self._band.bits else 0):
            # With `top` as the highest bit that is flipped, the other is the larger of the two: each pair comes once.
            lower = np.flatnonzero((where != _NOBODY) & (np.arange(len(where)) >> top & 1 == 0))
            own = where[lower]
            own = (own >> (_PLACE_BITS * 2) << (_PLACE_BITS * 2 + _SIZE_BITS)) | ((own & _PLACE) << _PLACE_BITS)
            for rest in _patterns(top, self._band.bits - 1):
                met = where[lower ^ (1 << top | rest)] | own
                yield met[met != _NOBODY]

    def _compared(self, comparison: "_Comparison", met: NDArray[np.uint64]) -> Found:
        met.sort()
        sizes = met >> (_PLACE_BITS * 2)
        cuts = np.flatnonzero(sizes[1:] != sizes[:-1]) + 1
        for start, stop in pairwise([0, *cuts.tolist(), len(met)]):
            one, other = divmod(int(sizes[start]), 1 << int(_SIZE_BITS))
            some = met[start:stop]
            left = ((some >> _PLACE_BITS) & _PLACE).view(np.int64)
            right = (some & _PLACE).view(np.int64)
            yield from comparison.between(self._shelves[one], left, self._shelves[other], right)


def _gathered(found: Found) -> Found:
    """The same in larger pieces: what is done with each costs as much for few pairs as for many."""
    held: list[tuple[Indices, Indices, Hashes]] = []
    count = 0
    for piece in found:
        held.append(piece)
        count += len(piece[0])
        if count >= _GATHERED:
            yield _concatenated(held)
            held.clear()
            count = 0
    if count:
        yield _concatenated(held)


def _concatenated(pieces: list[tuple[Indices, Indices, Hashes]]) -> tuple[Indices, Indices, Hashes]:
    left, right, differ = zip(*pieces, strict=True)
    return np.concatenate(left), np.concatenate(right), np.concatenate(differ)


def _patterns(width: int, most: int) -> Iterator[int]:
    """Every number of `width` bits with at most `most` bits set; none if `most` is negative."""
    for number in range(min(width, most) + 1):
        for places in combinations(range(width), number):
            yield sum(1 << place for place in places)


class _Comparison:
    """Compares hashes of buckets; gives their places among the sorted. Room for what is computed is made once."""

    def __init__(self, radius: int) -> None:
        self._radius = radius
        room = max(_CHUNK, _TILE * _TILE)
        self._differ = np.empty(room, dtype=np.uint64)
        self._bits = np.empty(room, dtype=np.uint8)
        self._near = np.empty(room, dtype=np.bool_)

    def between(self, one: _Shelf, left: Indices, other: _Shelf, right: Indices) -> Found:
        """Compare the buckets in columns `left` of one shelf with those in columns `right` of another."""
        step = _columns(one, other)
        for start in range(0, len(left), step):
            its, others = left[start : start + step], right[start : start + step]
            for upper in range(0, len(one.hashes), _TILE):
                a = one.hashes[upper : upper + _TILE].take(its, axis=1)
                for lower in range(0, len(other.hashes), _TILE):
                    b = other.hashes[lower : lower + _TILE].take(others, axis=1)
                    for i, j, column, differ in self._near_ones(a, b):
                        p, q = its[column], others[column]
                        x, y = one.first[p] + upper + i, other.first[q] + lower + j
                        real = (x <= one.last[p]) & (y <= other.last[q])
                        yield x[real], y[real], differ[real]

    def within(self, shelf: _Shelf) -> Found:
        """Compare the hashes of each bucket with each other."""
        step = _columns(shelf, shelf)
        size = len(shelf.hashes)
        for start in range(0, len(shelf.first), step):
            its = slice(start, start + step)
            first, last = shelf.first[its], shelf.last[its]
            for upper in range(0, size, _TILE):
                a = shelf.hashes[upper : upper + _TILE, its]
                for lower in range(upper, size, _TILE):
                    for i, j, column, differ in self._near_ones(a, shelf.hashes[lower : lower + _TILE, its]):
                        x, y = first[column] + upper + i, first[column] + lower + j
                        real = (x < y) & (y <= last[column])
                        yield x[real], y[real], differ[real]

    def _near_ones(self, a: Hashes, b: Hashes) -> Iterator[tuple[Indices, Indices, Indices, Hashes]]:
        """Rows, column, and differing bits, where a hash in a row of `a` is close to one in the same column of `b`."""
        rows, columns = len(b), a.shape[1]
        total = len(a) * rows * columns
        differ = self._differ[:total]
        np.bitwise_xor(a[:, None], b[None], out=differ.reshape(len(a), rows, columns))
        bits = np.bitwise_count(differ, out=self._bits[:total])
        hits = np.flatnonzero(np.less_equal(bits, self._radius, out=self._near[:total]))
        if len(hits):
            both, column = np.divmod(hits, columns)
            i, j = np.divmod(both, rows)
            yield i, j, column, differ[hits]


def _columns(one: _Shelf, other: _Shelf) -> int:
    """How many pairs of buckets are compared in one go."""
    return max(1, _CHUNK // (min(len(one.hashes), _TILE) * min(len(other.hashes), _TILE)))
