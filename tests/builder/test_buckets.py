"""`builder.buckets`: pairs that (nearly) share a band, each once, however full the buckets are."""

import numpy as np
import pytest

from builder import buckets
from builder.bands import Band
from builder.buckets import Buckets


@pytest.mark.parametrize("band", [Band(0, 0, 3), Band(3, 6, 0), Band(10, 7, 1), Band(2, 5, 2), Band(60, 4, 9)])
@pytest.mark.parametrize("tile", [4, 256])
def test_pairs_are_those_of_brute_force(band: Band, tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_TILE", tile)
    random = np.random.default_rng(4)
    hashes = np.full(400, 12_345, dtype=np.uint64)
    for _ in range(6):  # few bits apart, and in a few values of the band mostly
        hashes ^= np.uint64(1) << random.choice([0, 3, 4, 11, 30, 61], len(hashes)).astype(np.uint64)
    values = band.of(hashes)
    left, right = np.triu_indices(len(hashes), 1)
    differ = hashes[left] ^ hashes[right]
    close = (np.bitwise_count(differ) <= 3) & (np.bitwise_count(values[left] ^ values[right]) <= band.bits)
    found = [
        (min(a, b), max(a, b), bits)
        for piece in Buckets(hashes, band).close(3)
        for a, b, bits in zip(*(column.tolist() for column in piece), strict=True)
    ]
    expected = zip(left[close].tolist(), right[close].tolist(), differ[close].tolist(), strict=True)
    assert sorted(found) == sorted(expected)
    assert len(found) > 1_000
