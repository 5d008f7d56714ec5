"""Hashes that are close: every pair of 64-bit hashes within a Hamming radius, and groups joined by pairs."""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]
Pairs = Iterator[tuple[Indices, Indices]]

BITS = 64
_CHUNK = 1 << 16
"""Candidate pairs looked at in one go: some megabytes, which caches hold better than more."""

_JOINED = 1 << 22
"""Pairs joined in one go: joining costs as much as there are hashes, however few the pairs."""

_NUMBERS_OF_BANDS = range(3, 18)


def close_pairs(hashes: Hashes, radius: int) -> Pairs:
    """All pairs `i < j` of positions whose hashes differ in at most `radius` bits, in chunks; a pair may come again.

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
        for left, right in _sharing(ordered, sorted_hashes, (width, bits), radius):
            a, b = order[left], order[right]
            yield np.minimum(a, b), np.maximum(a, b)


def join_all(numbers: Indices, pairs: Pairs) -> Indices:
    """Group numbers after the groups of the two of every pair became one."""
    for left, right in _gathered(pairs):
        numbers = join(numbers, left, right)
    return numbers


def join(numbers: Indices, left: NDArray[np.integer], right: NDArray[np.integer]) -> Indices:
    """Group numbers after the groups of `left[k]` and `right[k]` became one, for every k."""
    a, b = numbers[left], numbers[right]
    apart = a != b
    if not apart.any():
        return numbers
    a, b = a[apart], b[apart]
    parent = np.arange(int(numbers.max()) + 1)
    while len(a):
        # Every root hangs itself below a lower neighbour; of those left, at least half are gone each time (Shiloach and
        # Vishkin, An O(log n) Parallel Connectivity Algorithm, 1982).
        parent[np.maximum(a, b)] = np.minimum(a, b)
        while not np.array_equal(jumped := parent[parent], parent):
            parent = jumped
        a, b = parent[a], parent[b]
        apart = a != b
        a, b = a[apart], b[apart]
    merged: Indices = parent[numbers]
    return merged


def _gathered(pairs: Pairs) -> Pairs:
    """The same pairs in fewer and larger pieces."""
    lefts: list[Indices] = []
    rights: list[Indices] = []
    held = 0
    for left, right in pairs:
        lefts.append(left)
        rights.append(right)
        held += len(left)
        if held >= _JOINED:
            yield np.concatenate(lefts), np.concatenate(rights)
            lefts.clear()
            rights.clear()
            held = 0
    if lefts:
        yield np.concatenate(lefts), np.concatenate(rights)


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


def _sharing(ordered: Indices, hashes: Hashes, band: tuple[int, int], radius: int) -> Pairs:
    """Positions of close pairs whose values in a band (its width, and how many of its bits may differ) are so too.

    `ordered` are the band's values, sorted; `hashes` are in the same order.
    """
    width, bits = band
    begins = np.zeros((1 << width) + 1, dtype=np.int32)
    np.cumsum(np.bincount(ordered, minlength=1 << width), out=begins[1:])
    everyone = np.arange(len(ordered))
    yield from _near(hashes, _expanded(everyone, everyone + 1, begins[ordered + 1]), radius)
    # The first hash of a value is looked up without asking whether the value occurs at all: if not, this gives another
    # hash, and comparing with that one does no harm. Where a value occurs again, its partners are looked up from there.
    place = np.minimum(begins[:-1], len(ordered) - 1)
    first = hashes[place]
    repeated = np.flatnonzero(np.concatenate((np.zeros(1, dtype=bool), ordered[1:] == ordered[:-1])))
    for top in range(width):
        # With `top` as the highest bit that is flipped, the partner is the larger of the two: each pair comes once.
        lower = np.flatnonzero((ordered >> top) & 1 == 0)
        upper = repeated[(ordered[repeated] >> top) & 1 == 1]
        lower_values, lower_hashes, upper_values = ordered[lower], hashes[lower], ordered[upper]
        for rest in _patterns(top, bits - 1):
            flip = 1 << top | rest
            for start in range(0, len(lower), _CHUNK):
                piece = slice(start, start + _CHUNK)
                values = lower_values[piece] ^ flip
                near = np.flatnonzero(np.bitwise_count(lower_hashes[piece] ^ first[values]) <= radius)
                if len(near):
                    left, right = lower[start + near], place[values[near]]
                    apart = left != right
                    yield left[apart], right[apart]
            wanted = upper_values ^ flip
            yield from _near(hashes, _expanded(upper, begins[wanted], begins[wanted + 1]), radius)


def _near(hashes: Hashes, pairs: Pairs, radius: int) -> Pairs:
    for left, right in pairs:
        near = np.flatnonzero(np.bitwise_count(hashes[left] ^ hashes[right]) <= radius)
        if len(near):
            yield left[near], right[near]


def _patterns(width: int, most: int) -> Iterator[int]:
    """Every number of `width` bits with at most `most` bits set; none if `most` is negative."""
    for size in range(min(width, most) + 1):
        for places in combinations(range(width), size):
            yield sum(1 << place for place in places)


def _expanded(left: Indices, start: NDArray[np.integer], stop: NDArray[np.integer]) -> Pairs:
    """Each of `left` with every position from its `start` to before its `stop`, a chunk of pairs at a time."""
    partners = stop - start
    some = np.flatnonzero(partners > 0)
    left, start, partners = left[some], start[some], partners[some]
    ends = np.cumsum(partners, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    cuts = np.searchsorted(ends, np.arange(0, total, _CHUNK), side="left")
    for first, last in pairwise([*cuts.tolist(), len(left)]):
        counts = partners[first:last]
        shift = start[first:last] - np.cumsum(counts, dtype=np.int64) + counts
        yield np.repeat(left[first:last], counts), np.repeat(shift, counts) + np.arange(int(counts.sum()))
