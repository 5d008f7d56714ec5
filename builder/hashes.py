"""Perceptual hashes that are close: every pair within a Hamming radius, and the groups that such pairs form."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Hashes = NDArray[np.uint64]
Indices = NDArray[np.int64]

BITS = 64
_CHUNK = 1 << 22
"""Candidate pairs looked at in one go: some tens of megabytes."""


def from_hex(digits: list[str]) -> Hashes:
    """Hashes as 64-bit integers from 16 hex digits each, shape (n,)."""
    return np.array([int(text, 16) for text in digits], dtype=np.uint64)


def close_pairs(hashes: Hashes, radius: int) -> Iterator[tuple[Indices, Indices]]:
    """All pairs `i < j` of positions whose hashes differ in at most `radius` bits, in chunks; a pair may come more
    than once.

    Exact, by pigeonhole: of `m` bands of the 64 bits, one differs in at most `radius // m` bits, so only hashes that
    (nearly) share a band are compared (Norouzi et al., Fast Exact Search in Hamming Space with Multi-Index Hashing,
    2014). Time grows with the number of pairs that share a band, memory does not.
    """
    count = len(hashes)
    if count < 2:  # noqa: PLR2004 - a pair
        return
    bands = _bands(count, radius)
    flips_most = radius // bands
    edges = [round(BITS * k / bands) for k in range(bands + 1)]
    for low, high in pairwise(edges):
        width = high - low
        mask = np.uint64((1 << width) - 1)
        values = (hashes >> np.uint64(low)) & mask
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        for flip in _flips(width, flips_most):
            for left, right in _sharing(ordered, flip):
                a, b = order[left], order[right]
                near = np.bitwise_count(hashes[a] ^ hashes[b]) <= radius
                if near.any():
                    a, b = a[near], b[near]
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
        for left, right in close_pairs(unique, radius):
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


def _by_first_occurrence(numbers: Indices) -> Indices:
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _bands(count: int, radius: int) -> int:
    """The number of bands with the least work: pairs to compare on random hashes plus look-ups (each worth about ten
    comparisons)."""

    def work(bands: int) -> float:
        width, flips = BITS // bands, radius // bands
        ways = sum(math.comb(width, k) for k in range(flips + 1))
        return bands * ways * (10 * count + count * count / 2 / 2.0**width)

    return min(range(1, radius + 2), key=work)


def _flips(width: int, most: int) -> Iterator[np.uint64]:
    """Every value of `width` bits with at most `most` bits set."""
    if most == 0:
        yield np.uint64(0)
        return
    yield from _flips(width, most - 1)
    pattern = (1 << most) - 1
    while pattern < 1 << width:  # Gosper's hack: the next larger number with as many bits set
        yield np.uint64(pattern)
        lowest = pattern & -pattern
        ripple = pattern + lowest
        pattern = (((ripple ^ pattern) >> 2) // lowest) | ripple


def _sharing(ordered: Hashes, flip: np.uint64) -> Iterator[tuple[Indices, Indices]]:
    """Positions (left, right) in the sorted band values with `ordered[left] ^ flip == ordered[right]`, each pair
    once, in chunks."""
    positions = np.arange(len(ordered))
    wanted = ordered ^ flip
    stop = np.searchsorted(ordered, wanted, side="right")
    if flip == 0:
        start = positions + 1
    else:
        start = np.where(ordered < wanted, np.searchsorted(ordered, wanted, side="left"), stop)
    partners = np.maximum(stop - start, 0)
    ends = np.cumsum(partners)
    total = int(ends[-1]) if len(ends) else 0
    for first in range(0, total, _CHUNK):
        pair = np.arange(first, min(first + _CHUNK, total))
        left = np.searchsorted(ends, pair, side="right")
        yield left, start[left] + pair - (ends[left] - partners[left])
