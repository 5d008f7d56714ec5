"""Which image stands for a picture: of its likeliest label the largest, then the least damaged, then the first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.fingerprints import Fingerprints
from builder.hashes import BITS, Hashes, Indices

_VOTERS = 3
"""Of two copies nothing tells which was altered; of three, the one that is unlike the others."""

_ALTERED = 2.0
"""Bits of 128 that an image may be farther from the others than the nearest of them is, on average."""


@dataclass(frozen=True)
class Images:
    """What decides between copies, in the order of keys; shapes (n,). `group` numbers pictures, `label` numbers labels
    in the order of their names, `pixels` and `size` (bytes) are as served, 0 where unknown."""

    group: Indices
    label: Indices
    pixels: Indices
    size: Indices
    hashes: Fingerprints


def survivors(images: Images) -> Indices:
    """Position of the image that stands for each one's picture (its own where it stands itself), shape (n,).

    A picture that several labels claim belongs to the label with most of its copies; when that is a tie, to the label
    in which it comes first, counted from the label's first image; then to the first label by name. Of its images there
    the one with most pixels as served stays. Among equally large ones, those with at most half the bytes of the
    heaviest were compressed harder, and go; more bytes than that say nothing, for writing a picture anew makes it
    heavier, never better. Of a picture with three copies or more those go whose hashes are on average more than 2 of
    128 bits farther from the others' than the nearest: what has been brightened, covered or cropped is unlike the rest,
    while the original is like all that was made from it. Of what is left the first by key stays: keys are in the order
    of search.
    """
    count = int(images.group.max()) + 1 if len(images.group) else 0
    standing = images.label == _labels(images, count)[images.group]
    most = _best(images.pixels, standing, images.group, count)
    standing &= images.pixels == most[images.group]
    heaviest = _best(images.size, standing, images.group, count)[images.group]
    standing &= (2 * images.size > heaviest) | (heaviest == 0)
    farness = _farness(images, count)
    nearest = np.full(count, np.inf)
    np.minimum.at(nearest, images.group[standing], farness[standing])
    standing &= farness <= nearest[images.group] + _ALTERED
    first = np.full(count, len(standing), dtype=np.int64)
    positions = np.flatnonzero(standing)
    np.minimum.at(first, images.group[positions], positions)
    found: Indices = first[images.group]
    return found


def ranks(label: Indices) -> Indices:
    """How many images of its label come before each, shape (n,)."""
    order = np.argsort(label, kind="stable")
    ordered = label[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(label), 1), dtype=bool), ordered[1:] != ordered[:-1])))
    result = np.empty(len(label), dtype=np.int64)
    result[order] = np.arange(len(label)) - np.repeat(starts, np.diff(starts, append=len(label)))
    return result


def _best(values: Indices, standing: NDArray[np.bool_], group: Indices, count: int) -> Indices:
    """Largest value of each group among those that stand, shape (count,)."""
    best = np.full(count, -1, dtype=np.int64)
    np.maximum.at(best, group[standing], values[standing])
    return best


def _labels(images: Images, count: int) -> Indices:
    """The label of each picture, shape (count,)."""
    labels = int(images.label.max()) + 1 if count else 1
    claims, which = np.unique(images.group * labels + images.label, return_inverse=True)
    copies = np.bincount(which, minlength=len(claims))
    first = np.full(len(claims), len(which), dtype=np.int64)
    np.minimum.at(first, which, ranks(images.label))
    order = np.lexsort((claims, first, -copies, claims // labels))
    groups = claims[order] // labels
    result = np.zeros(count, dtype=np.int64)
    result[groups[::-1]] = (claims[order] % labels)[::-1]  # the first of each group is written last
    return result


def _farness(images: Images, count: int) -> NDArray[np.float64]:
    """Mean number of bits of 128 between an image and the others of its picture, shape (n,); 0 where too few vote."""
    hashes = images.hashes
    voting = np.flatnonzero(hashes.has)
    voters = np.bincount(images.group[voting], minlength=count)
    voting = voting[voters[images.group[voting]] >= _VOTERS]
    far = np.zeros(len(images.group))
    group = images.group[voting]
    phash = _mean_distance(hashes.phash[voting], group, count)
    with_dhash = np.flatnonzero(hashes.with_dhash[voting])
    dhash = phash.copy()
    dhash[with_dhash] = _mean_distance(hashes.dhash[voting[with_dhash]], group[with_dhash], count)
    far[voting] = phash + dhash
    return far


def _mean_distance(hashes: Hashes, group: Indices, count: int) -> NDArray[np.float64]:
    """Bits between each hash and the others of its group on average, shape like `hashes`: summed bit by bit, since how
    many of a group differ there is known from how many have it set."""
    members = np.bincount(group, minlength=count)[group]
    total = np.zeros(len(hashes))
    for bit in range(BITS):
        is_set = (hashes >> np.uint64(bit)) & np.uint64(1) == 1
        ones = np.bincount(group[is_set], minlength=count)[group]
        total += np.where(is_set, members - ones, ones)
    return total / np.maximum(members - 1, 1)
