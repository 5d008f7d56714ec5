"""64-bit perceptual hashes of a picture, as imagehash computes them, from a small grey version of it."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""Grey values, (height, width)."""
_Matrix = NDArray[np.float32]

_HASH_SIDE = 8
_DCT_SIDE = 32
_LANCZOS_RADIUS = 3.0
_LOW_MIDDLE, _HIGH_MIDDLE = 31, 32


def phash(grey: Grey) -> str:
    """pHash as 16 hex digits.

    `imagehash.phash` scales the grey picture to 32x32 by Pillow's Lanczos filter, takes its DCT-II and compares the
    8x8 lowest frequencies with their median. Scaling and DCT are linear, so here they are one matrix per side. From a
    picture of 192x144 pixels some bits near the median may differ from those of the whole: at most 4 of 64.
    """
    return _hex(_frequencies(grey))


def turned_phashes(grey: Grey) -> tuple[str, ...]:
    """pHashes of the picture mirrored and rotated: the 7 other elements of the dihedral group, in hex.

    Mirroring an axis changes the sign of that axis' odd frequencies, transposing swaps the axes: so the frequencies of
    one picture give those of all eight. Order: mirrored left-right, upside down, by 180 degrees, then the transposes
    of these four, the plain transpose first.
    """
    plain = _frequencies(grey)
    signs = np.where(np.arange(_HASH_SIDE) % 2, -1, 1).astype(np.float32)
    mirrored, flipped = plain * signs, plain * signs[:, None]
    both = mirrored * signs[:, None]
    return tuple(_hex(one) for one in (mirrored, flipped, both, plain.T, mirrored.T, flipped.T, both.T))


def dhash(grey: Grey) -> str:
    """dHash as 16 hex digits: at 9x8 pixels (Pillow's Lanczos, rounded), which are brighter than their left
    neighbours. The form of `imagehash.dhash`."""
    rows, columns = _lanczos(grey.shape[0], _HASH_SIDE), _lanczos(grey.shape[1], _HASH_SIDE + 1)
    small = np.rint(rows @ grey.astype(np.float32) @ columns.T)
    return _packed(small[:, 1:] > small[:, :-1])


def _frequencies(grey: Grey) -> _Matrix:
    """The 8x8 lowest frequencies, (vertical, horizontal)."""
    values = grey.astype(np.float32)
    rows, columns = _low_frequencies(grey.shape[0]), _low_frequencies(grey.shape[1])
    return np.asarray(rows @ values @ columns.T, np.float32)


def _hex(frequencies: _Matrix) -> str:
    ordered = np.sort(frequencies, axis=None)
    return _packed(frequencies > (ordered[_LOW_MIDDLE] + ordered[_HIGH_MIDDLE]) / 2)


def _packed(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()


@lru_cache(maxsize=1_024)
def _low_frequencies(side: int) -> _Matrix:
    """(8, side): scales a line of pixels to 32 and takes the 8 lowest frequencies of its DCT-II."""
    frequency, position = np.arange(_HASH_SIDE)[:, None], np.arange(_DCT_SIDE)[None]
    cosines = np.cos(np.pi * frequency * (2 * position + 1) / (2 * _DCT_SIDE))
    return (cosines @ _lanczos(side, _DCT_SIDE)).astype(np.float32)


@lru_cache(maxsize=1_024)
def _lanczos(side: int, target: int) -> _Matrix:
    """(target, side): Pillow's Lanczos filter, widened when it scales down (libImaging/Resample.c)."""
    scale = side / target
    widened = max(scale, 1.0)
    centres = (np.arange(target)[:, None] + 0.5) * scale
    distance = (np.arange(side)[None] + 0.5 - centres) / widened
    weights = np.where(np.abs(distance) < _LANCZOS_RADIUS, np.sinc(distance) * np.sinc(distance / _LANCZOS_RADIUS), 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
