"""Hashes as a million pictures have them, made from those of the corpus, for the contest `hashes`."""

import numpy as np
from numpy.typing import NDArray

from bench.corpus import Corpus
from builder.perceptual import dhash, phash

Hashes = NDArray[np.uint64]
"""pHash and dHash of each picture, shape (n, 2)."""

_FROM = 2_000
_STRIPES = 4
_COPIES = 10
"""One of so many is a copy of another."""


def hashes_of(corpus: Corpus) -> Hashes:
    """Those of the corpus's first 2,000 pictures."""
    import cv2

    found = []
    for picture in corpus.pictures[:_FROM]:
        grey = cv2.imread(str(corpus.folder / picture.name), cv2.IMREAD_REDUCED_GRAYSCALE_2)
        if grey is None:
            msg = f"{picture.name} of the corpus does not decode"
            raise ValueError(msg)
        pixels = np.asarray(grey, np.uint8)
        found.append((int(phash(pixels), 16), int(dhash(pixels), 16)))
    return np.array(found, dtype=np.uint64)


def multiplied(hashes: Hashes, count: int) -> Hashes:
    """`count` pictures like these: a picture is made of four stripes (two rows of dHash, two of pHash), each from
    another picture, with one of 32 bits flipped; every tenth is a copy of another, with one of 16 bits flipped.

    So bits are as biased, and neighbours as alike, as in real hashes, and there are about as many chance neighbours.
    The same hashes give the same ones.
    """
    random = np.random.default_rng(0)
    made = np.zeros((count, 2), dtype=np.uint64)
    for stripe in range(_STRIPES):
        mask = np.uint64(0xFFFF << 16 * stripe)
        made |= hashes[random.integers(0, len(hashes), count)] & mask
    made ^= _flips(random, count, 5)
    copies = count // _COPIES
    originals = random.integers(0, max(1, count - copies), copies)
    made[count - copies :] = made[originals] ^ _flips(random, copies, 4)
    return made


def _flips(random: np.random.Generator, count: int, halvings: int) -> Hashes:
    """Each bit is set with probability 2 ** -halvings."""
    bits = random.integers(0, 2**64, (count, 2), dtype=np.uint64)
    for _ in range(halvings - 1):
        bits &= random.integers(0, 2**64, (count, 2), dtype=np.uint64)
    return bits
