"""Hashes that are close: every pair of 64-bit hashes within a Hamming radius, and groups joined by pairs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from builder.bands import BITS, arranged, cut
from builder.buckets import Buckets, Hashes, Indices

__all__ = ["BITS", "Hashes", "Indices", "Pairs", "close_pairs", "join", "join_all"]

Pairs = Iterator[tuple[Indices, Indices]]

_JOINED = 1 << 22
"""Pairs joined in one go: joining costs as much as there are hashes, however few the pairs."""


def close_pairs(hashes: Hashes, radius: int) -> Pairs:
    """All pairs `i < j` of positions whose hashes differ in at most `radius` bits, in chunks, each pair once.

    Exact, by pigeonhole: the bits are cut into bands of which any close pair (nearly) shares one (see `builder.bands`),
    and only hashes that do are compared (see `builder.buckets`). Memory stays at some tens of megabytes plus some
    copies of the hashes.
    """
    if len(hashes) < 2:  # noqa: PLR2004 - a pair
        return
    hashes, telling = arranged(hashes)
    bands = cut(len(hashes), radius, telling)
    for number, band in enumerate(bands):
        for left, right, differ in Buckets(hashes, band).close(radius):
            new = np.ones(len(differ), dtype=bool)
            for earlier in bands[:number]:
                new &= np.bitwise_count(earlier.of(differ)) > earlier.bits
            a, b = left[new], right[new]
            if len(a):
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
