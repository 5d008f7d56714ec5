"""Perceptual hashes that are close: every pair within a Hamming radius, and the groups that such pairs form."""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]

BITS = 64
_CHUNK = 1 << 20
"""Candidate pairs looked at in one go: some tens of megabytes."""

_NUMBERS_OF_BANDS = range(3, 18)


def from_hex(digits: list[str]) -> Hashes:
    """Hashes as 64-bit integers from 16 hex digits each, shape (n,)."""
    return np.array([int(text, 16) for text in digits], dtype=np.uint64)


def close_pairs(hashes: Hashes, radius: int) -> Iterator[tuple[Indices, Indices]]:
    """All pairs `i < j` of positions whose hashes differ in at most `radius` bits, in chunks; a pair may come twice.

    Exact, by pigeonhole: cut the 64 bits into bands and give each a number of bits such that these numbers plus one sum
    to `radius + 1`. Of any close pair one band differs in at most its number of bits, so only hashes that (nearly)
    share a band are compared (Norouzi et al., Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014; Qin et
    al., GPH, 2018). Memory stays at some tens of megabytes plus some copies of the hashes.
    """
    count = len(hashes)
    if count < 2:  # noqa: PLR2004 - a pair
        return
    for low, width, bits in _bands(count, radius):
        values = ((hashes >> np.uint64(low)) & np.uint64((1 << width) - 1)).astype(np.int64)
        order = np.argsort(values, kind="stable")
        ordered, sorted_hashes = values[order], hashes[order]
        for left, right in _sharing(ordered, width, bits):
            near = np.bitwise_count(sorted_hashes[left] ^ sorted_hashes[right]) <= radius
            if near.any():
                a, b = order[left[near]], order[right[near]]
                yield np.minimum(a, b), np.maximum(a, b)


def groups(hashes: Hashes, radius: int) -> Indices:
    """Group number of each hash, shape (n,): hashes within `radius` bits share a group, and so do those that a chain
    of such connects.

    Numbers count from 0 in the order in which groups first occur.
    """
    if len(hashes) == 0:
        return np.zeros(0, dtype=np.int64)
    # Equal hashes first: a thousand copies are one point, not half a million pairs.
    unique, inverse = np.unique(hashes, return_inverse=True)
    numbers = np.arange(len(unique))
    if radius > 0:
        for left, right in _gathered(close_pairs(unique, radius)):
            numbers = join(numbers, left, right)
    return _by_first_occurrence(numbers[inverse])


def join(numbers: Indices, left: Indices, right: Indices) -> Indices:
    """Group numbers after the groups of `left[k]` and `right[k]` became one, for every k."""
    a, b = numbers[left], numbers[right]
    apart = a != b
    if not apart.any():
        return numbers
    size = int(numbers.max()) + 1
    edges = coo_array((np.ones(int(apart.sum()), dtype=np.int8), (a[apart], b[apart])), shape=(size, size))
    merged: Indices = connected_components(edges, directed=False)[1].astype(np.int64)
    return merged[numbers]


def _gathered(pairs: Iterator[tuple[Indices, Indices]]) -> Iterator[tuple[Indices, Indices]]:
    """The same pairs in fewer and larger pieces: joining costs as much as there are hashes, however few the pairs."""
    lefts: list[Indices] = []
    rights: list[Indices] = []
    for left, right in pairs:
        lefts.append(left)
        rights.append(right)
        if sum(map(len, lefts)) >= _CHUNK:
            yield np.concatenate(lefts), np.concatenate(rights)
            lefts.clear()
            rights.clear()
    if lefts:
        yield np.concatenate(lefts), np.concatenate(rights)


def _by_first_occurrence(numbers: Indices) -> Indices:
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _bands(count: int, radius: int) -> list[tuple[int, int, int]]:
    """Lowest bit, width and number of differing bits of each band, such that there is the least to do on random hashes.

    Bands are at most 22 bits wide, since a table with an entry for each of their values is made.
    """

    def cut(number: int) -> list[tuple[int, int, int]]:
        edges = [round(BITS * k / number) for k in range(number + 1)]
        each, more = divmod(radius - number + 1, number)
        shares = [each + (k < more) for k in range(number)]
        # A band with a share of -1 may differ as it likes: the others find the pair.
        return [(low, high - low, bits) for (low, high), bits in zip(pairwise(edges), shares, strict=True) if bits >= 0]

    def work(number: int) -> float:
        return sum(
            2.0**width
            + sum(math.comb(width, k) for k in range(bits + 1)) * (count + count * count / 2.0 ** (width + 1))
            for _, width, bits in cut(number)
        )

    return cut(min(_NUMBERS_OF_BANDS, key=work))


def _sharing(ordered: Indices, width: int, bits: int) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of positions in the sorted band values that differ in at most `bits` bits, each once, in chunks."""
    ends = np.cumsum(np.bincount(ordered, minlength=1 << width))
    begins = np.concatenate((np.zeros(1, dtype=np.int64), ends))[:-1]
    everyone = np.arange(len(ordered))
    yield from _expanded(everyone, everyone + 1, ends[ordered])
    for top in range(width):
        # With `top` as the highest bit that is flipped, the partner is the larger of the two: each pair comes once.
        lower = np.flatnonzero((ordered >> top) & 1 == 0)
        values = ordered[lower]
        for rest in _patterns(top, bits - 1):
            wanted = values ^ (1 << top | rest)
            yield from _expanded(lower, begins[wanted], ends[wanted])


def _patterns(width: int, most: int) -> Iterator[int]:
    """Every number of `width` bits with at most `most` bits set; none if `most` is negative."""
    for size in range(min(width, most) + 1):
        for places in combinations(range(width), size):
            yield sum(1 << place for place in places)


def _expanded(left: Indices, start: Indices, stop: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Each of `left` with every position from its `start` to before its `stop`, some millions of pairs at a time."""
    partners = stop - start
    some = np.flatnonzero(partners > 0)
    left, start, partners = left[some], start[some], partners[some]
    ends = np.cumsum(partners)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(0, total, _CHUNK), side="left")
    for first, last in pairwise([*cuts.tolist(), len(left)]):
        counts = partners[first:last]
        shift = start[first:last] - np.cumsum(counts) + counts
        yield np.repeat(left[first:last], counts), np.repeat(shift, counts) + np.arange(int(counts.sum()))
