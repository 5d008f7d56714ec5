"""`builder.bands`: no close pair escapes all bands, and bits that tell nothing are in none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.bands import BITS, WIDEST, arranged, cut


@settings(deadline=None, max_examples=50)
@given(count=st.integers(2, 5_000_000), radius=st.integers(0, 16), bits=st.integers(0, BITS))
def test_hashes_that_escape_all_bands_are_not_close(count: int, radius: int, bits: int) -> None:
    bands = cut(count, radius, bits)
    assert sum(band.bits + 1 for band in bands) == radius + 1
    places = [place for band in bands for place in range(band.low, band.low + band.width)]
    assert len(places) == len(set(places))
    assert max(places, default=-1) < bits
    assert max(band.width for band in bands) <= WIDEST


def test_a_million_hashes_are_not_all_compared_with_all() -> None:
    assert min(band.width for band in cut(1_000_000, 8)) >= 10


@pytest.mark.parametrize("constant", [[], [63], [0, 5, 40]])
def test_constant_bits_come_last_and_distances_stay(constant: list[int]) -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, 500, dtype=np.uint64)
    for bit in constant:
        hashes |= np.uint64(1) << np.uint64(bit)
    found, telling = arranged(hashes)
    assert telling == BITS - len(constant)
    assert (found >> np.uint64(telling) == (1 << len(constant)) - 1).all() or not constant
    distances = [np.bitwise_count(each[1:] ^ each[:-1]).tolist() for each in (hashes, found)]
    assert distances[0] == distances[1]
