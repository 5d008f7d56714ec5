"""`builder.kinship`: chains end before they connect everything, copies stay together."""

import numpy as np

from builder.fingerprints import Closeness, Collector, Fingerprints
from builder.kinship import families

SPLITS = Closeness(10, 28)


def hashed(hashes: list[tuple[int, int]]) -> Fingerprints:
    phash, dhash = (np.array(column, dtype=np.uint64) for column in zip(*hashes, strict=True))
    none = np.zeros(0, dtype=np.int64)
    return Fingerprints(phash, dhash, np.full(len(hashes), 3, dtype=np.uint8), none.astype(np.uint64), none)


def chain(length: int, step: int) -> list[tuple[int, int]]:
    """Hashes each `step` bits of both from the one before."""
    random = np.random.default_rng(0)
    phash, dhash = (int(value) for value in random.integers(0, 2**63, 2))
    found = []
    for _ in range(length):
        for place in random.choice(64, step, replace=False).tolist():
            phash ^= 1 << place
        for place in random.choice(64, step, replace=False).tolist():
            dhash ^= 1 << place
        found.append((phash, dhash))
    return found


def test_a_short_chain_is_one_family() -> None:
    assert families(hashed(chain(15, 10)), SPLITS).max() == 0


def test_a_long_chain_of_what_is_only_alike_is_cut() -> None:
    numbers = families(hashed(chain(200, 10)), SPLITS)
    assert np.bincount(numbers).max() <= 20


def test_copies_are_never_parted_however_many() -> None:
    assert families(hashed(chain(200, 4)), SPLITS).max() == 0


def test_images_without_hashes_are_alone() -> None:
    assert sorted(families(Collector().select(np.zeros(0, dtype=np.int64)), SPLITS)) == []
    none = np.zeros(0, dtype=np.int64)
    bare = Fingerprints(
        np.zeros(3, np.uint64), np.zeros(3, np.uint64), np.zeros(3, np.uint8), none.astype(np.uint64), none
    )
    assert families(bare, SPLITS).tolist() == [0, 1, 2]
