"""Images that must not be parted: joined where they are close, but not by chains that connect everything."""

import numpy as np
from numpy.typing import NDArray

from builder.fingerprints import Closeness, Fingerprints, Points
from builder.hashes import Indices, join
from builder.spec import DedupeSpec

_SHARE, _AT_LEAST = 100, 20
"""A family with more than a hundredth of the images, and more than twenty, is looked at more strictly."""

_STEP = 2
"""Bits of 128 by which it is stricter each time."""


def families(hashes: Fingerprints, closeness: Closeness) -> Indices:
    """Number of each image's family, shape (n,): close images share one, and so do those that a chain connects.

    A copy in another split is a leak; a chain of pictures that look somewhat alike is not, and may run through half of
    a dataset. So a family that has more than a hundredth of the images, and more than twenty, is joined anew by closer
    pairs only, two bits of 128 less each time, until it is small enough or nothing is left but pairs that
    deduplication by its default rule calls the same picture. Those are never parted, however many there are.
    """
    points, images, point = hashes.points()
    weights = np.bincount(point, minlength=len(points.phash))
    numbers = _joined(points, weights, closeness, max(_AT_LEAST, len(hashes.has) // _SHARE))
    result = np.arange(len(hashes.has)) + len(points.phash)
    result[images] = numbers[point]
    return np.unique(result, return_inverse=True)[1]


def _joined(points: Points, weights: Indices, closeness: Closeness, cap: int) -> Indices:
    """Family of each point. `weights`: images per point."""
    left, right, bits, same = _pairs(points, closeness)
    numbers = join(np.arange(len(weights)), left, right)
    joint = closeness.joint
    floor = DedupeSpec().joint_radius
    while len(left):
        large = np.bincount(numbers, weights=weights) > cap
        # Only pairs inside of families that are too large are looked at from here on.
        inside = large[numbers[left]]
        left, right, bits, same = left[inside], right[inside], bits[inside], same[inside]
        joint -= _STEP
        kept = (bits <= joint) | same if joint >= floor else same
        apart = np.where(large[numbers], np.arange(len(weights)) + len(weights), numbers)
        numbers = np.unique(join(apart, left[kept], right[kept]), return_inverse=True)[1]
        if joint < floor:
            break
    return numbers


def _pairs(
    points: Points, closeness: Closeness
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8], NDArray[np.bool_]]:
    """All close pairs, the bits of 128 in which they differ, and whether they are the same picture by default."""
    default = Closeness(DedupeSpec().radius, DedupeSpec().joint_radius)
    lefts, rights, bits, same = [], [], [], []
    for left, right in points.close(closeness):
        lefts.append(left.astype(np.int32))
        rights.append(right.astype(np.int32))
        bits.append(points.together(left, right))
        same.append(points.alike(left, right, default))
    none = np.zeros(0, dtype=np.int32)
    return (
        np.concatenate([none, *lefts]),
        np.concatenate([none, *rights]),
        np.concatenate([none.astype(np.uint8), *bits]),
        np.concatenate([none.astype(np.bool_), *same]),
    )
