"""When two images show the same picture: the perceptual hashes of many images, and which of them are close."""

from array import array
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from builder.hashes import BITS, Hashes, Indices, Pairs, close_pairs
from builder.rows import Glance, ImageRow

_HASHED, _WITH_DHASH = 1, 3

_TELLING_BITS, _TELLING_CHANGES = 18, 8
"""A dHash tells pictures apart when so many of its bits are set and so many are not, and when its rows differ from the
next in so many. Nearly all photographs have more; what stands small on a plain ground has fewer: only the bits around
it can differ at all."""

_STRICTER = 4
"""By what the bits of both hashes together are divided where one tells little: different letters in the middle of white
are often ten of 128 bits apart, their copies at most two. Some are closer still: 64 bits cannot tell these."""

_SOME_BITS, _SOME_CHANGES = 4, 4
"""With fewer there is no picture: one colour, a gradient, stripes, a flag of three bands. Its pHash is the noise of
rounding."""

_ROWS_BELOW = np.uint64((1 << 56) - 1)

_TURNED_STRICTER = 2
"""Bits: a turned picture is told by its pHash alone, and there are seven of them to be mistaken for."""


@dataclass(frozen=True)
class Closeness:
    """Two images are close when pHash or dHash differ in at most `radius` of 64 bits and both together in at most
    `joint` of 128. Where one has no dHash, the dHashes count as if they differed as the pHashes do. Where one's dHash
    tells little (see `telling`), it is the pHashes that must be within `radius`, and both within a quarter of `joint`.
    """

    radius: int
    joint: int

    @property
    def reach(self) -> int:
        """Bits in which one of the two hashes differs at most: half of `joint` when that is less than `radius`."""
        return min(self.radius, self.joint // 2)


@dataclass(frozen=True)
class Points:
    """Fingerprints without repetition, shapes (m,)."""

    phash: Hashes
    dhash: Hashes
    with_dhash: NDArray[np.bool_]

    @cached_property
    def telling(self) -> NDArray[np.bool_]:
        """Which have a dHash that tells pictures apart."""
        return self.with_dhash & telling(self.dhash)

    @cached_property
    def telling_little(self) -> NDArray[np.bool_]:
        """Which have one that does not."""
        return self.with_dhash & ~self.telling

    def distances(self, left: Indices, right: Indices) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Bits in which pHash and dHash of each pair differ, shapes like `left`."""
        phash = np.bitwise_count(self.phash[left] ^ self.phash[right])
        dhash = np.bitwise_count(self.dhash[left] ^ self.dhash[right])
        return phash, np.where(self.with_dhash[left] & self.with_dhash[right], dhash, phash)

    def alike(self, left: Indices, right: Indices, closeness: Closeness) -> NDArray[np.bool_]:
        """Which pairs are close, shape like `left`."""
        phash, dhash = self.distances(left, right)
        both_tell = self.telling[left] & self.telling[right]
        little = self.telling_little[left] | self.telling_little[right]
        nearest = np.where(both_tell, np.minimum(phash, dhash), phash)
        joint = np.where(little, closeness.joint // _STRICTER, closeness.joint)
        close: NDArray[np.bool_] = (nearest <= closeness.reach) & (phash + dhash <= joint)
        return close

    def together(self, left: Indices, right: Indices) -> NDArray[np.uint8]:
        """Bits of 128 in which each pair differs."""
        phash, dhash = self.distances(left, right)
        return phash + dhash

    def close(self, closeness: Closeness) -> Pairs:
        """All pairs of points that are close, in chunks, each pair once."""
        hashed = np.flatnonzero(self.telling)
        for left, right in close_pairs(self.phash, closeness.reach):
            kept = self.alike(left, right, closeness)
            yield left[kept], right[kept]
        for one, other in close_pairs(self.dhash[hashed], closeness.reach):
            left, right = hashed[one], hashed[other]
            new = np.bitwise_count(self.phash[left] ^ self.phash[right]) > closeness.reach
            left, right = left[new], right[new]
            kept = self.alike(left, right, closeness)
            yield left[kept], right[kept]


def telling(dhash: Hashes, bits: int = _TELLING_BITS, changes: int = _TELLING_CHANGES) -> NDArray[np.bool_]:
    """Which dHashes have at least so many bits set, and not set, and so many that differ from the row below."""
    ones = np.bitwise_count(dhash)
    changed = np.bitwise_count((dhash ^ (dhash >> np.uint64(8))) & _ROWS_BELOW)
    found: NDArray[np.bool_] = (ones >= bits) & (ones <= BITS - bits) & (changed >= changes)
    return found


@dataclass
class Collector:
    """Takes the hashes of images one by one: 17 bytes per image, 12 more per turned hash."""

    phash: "array[int]" = field(default_factory=lambda: array("Q"))
    dhash: "array[int]" = field(default_factory=lambda: array("Q"))
    has: bytearray = field(default_factory=bytearray)
    turned: "array[int]" = field(default_factory=lambda: array("Q"))
    turned_owner: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, row: ImageRow | Glance, *, turned: bool = False) -> None:
        """Take the hashes of a row (it may have none); with `turned` also those of the picture mirrored and rotated."""
        if turned and row.phash and row.turned:
            self.turned.extend(int(digits, 16) for digits in row.turned)
            self.turned_owner.extend([len(self.has)] * len(row.turned))
        self.phash.append(int(row.phash or "0", 16))
        self.dhash.append(int(row.dhash or "0", 16))
        self.has.append(0 if not row.phash else _WITH_DHASH if row.dhash else _HASHED)

    def select(self, positions: Indices) -> "Fingerprints":
        """Those of the images at these positions, in that order, numbered anew. Where a dHash says that there is no
        picture, neither hash counts."""
        place = np.full(len(self.has), -1, dtype=np.int64)
        place[positions] = np.arange(len(positions))
        owners = np.array(self.turned_owner, dtype=np.int64)
        owner = place[owners]
        dhash = np.array(self.dhash, dtype=np.uint64)
        has = np.array(self.has, dtype=np.uint8)
        has[(has == _WITH_DHASH) & ~telling(dhash, _SOME_BITS, _SOME_CHANGES)] = 0
        stay = (owner >= 0) & (has[owners] > 0)
        return Fingerprints(
            phash=np.array(self.phash, dtype=np.uint64)[positions],
            dhash=dhash[positions],
            has=has[positions],
            turned=np.array(self.turned, dtype=np.uint64)[stay],
            turned_owner=owner[stay],
        )


@dataclass(frozen=True)
class Fingerprints:
    """The hashes of n images, shapes (n,); and (t,) mirrored and rotated ones with the image that each is of."""

    phash: Hashes
    dhash: Hashes
    has: NDArray[np.uint8]
    turned: Hashes
    turned_owner: Indices

    @property
    def with_dhash(self) -> NDArray[np.bool_]:
        """Which images have both hashes, shape (n,)."""
        both: NDArray[np.bool_] = self.has == _WITH_DHASH
        return both

    def at(self, positions: Indices) -> "Fingerprints":
        """Those of the images at these positions (increasing), numbered anew; without mirrored and rotated ones."""
        none = np.zeros(0, dtype=np.int64)
        return Fingerprints(
            self.phash[positions], self.dhash[positions], self.has[positions], none.astype(np.uint64), none
        )

    def points(self) -> tuple[Points, Indices, Indices]:
        """The points; the images that have a fingerprint, shape (k,); and the point of each of these, shape (k,).

        A thousand copies with the same hashes are one point instead of half a million pairs.
        """
        images = np.flatnonzero(self.has)
        phash, dhash, has = self.phash[images], self.dhash[images], self.has[images]
        order = np.lexsort((has, dhash, phash))
        new = np.ones(len(order), dtype=bool)
        for column in (phash, dhash, has):
            ordered = column[order]
            new[1:] &= ordered[1:] == ordered[:-1]
        new[1:] = ~new[1:]  # all the same as the one before: not new
        point = np.empty(len(order), dtype=np.int64)
        point[order] = np.cumsum(new) - 1
        first = order[new]
        return Points(phash[first], dhash[first], has[first] == _WITH_DHASH), images, point

    def turned_pairs(self, radius: int) -> Pairs:
        """Pairs of images of which one is close to the other mirrored or rotated; positions of images.

        Told by pHash alone, at two bits less than `radius`.
        """
        images = np.flatnonzero(self.has)
        plain, reach = self.phash[images], radius - _TURNED_STRICTER
        if reach < 0:
            return
        # As many at a time as there are images: those of one piece are compared with each other too, in vain.
        for start in range(0, len(self.turned), max(len(plain), 1)):
            piece = slice(start, start + len(plain))
            turned, owner = self.turned[piece], self.turned_owner[piece]
            for left, right in close_pairs(np.concatenate((plain, turned)), reach):
                across = np.flatnonzero((left < len(plain)) & (right >= len(plain)))
                yield images[left[across]], owner[right[across] - len(plain)]
