"""`builder.hashes`: the pairs are those that brute force finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from builder.bands import cut
from builder.hashes import Hashes, Indices, close_pairs, join_all


def brute_force(hashes: NDArray[np.uint64], radius: int) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for i in range(len(hashes) - 1):
        near = np.flatnonzero(np.bitwise_count(hashes[i + 1 :] ^ hashes[i]) <= radius)
        found.update((i, i + 1 + int(j)) for j in near)
    return found


def by_bands(hashes: NDArray[np.uint64], radius: int) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for left, right in close_pairs(hashes, radius):
        assert (left < right).all()
        found.update(zip(left.tolist(), right.tolist(), strict=True))
    return found


def groups(hashes: Hashes, radius: int) -> Indices:
    return join_all(np.arange(len(hashes)), close_pairs(hashes, radius))


def clustered(count: int, seed: int) -> NDArray[np.uint64]:
    """Half of the hashes anywhere, half some flipped bits away from few centres: photographs cluster."""
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 2**64, count, dtype=np.uint64)
    centres = random.integers(0, 2**64, max(1, count // 40), dtype=np.uint64)
    for k in range(count // 2):
        flips = random.choice(64, int(random.integers(0, 8)), replace=False)
        hashes[k] = centres[k % len(centres)] ^ np.bitwise_or.reduce(np.uint64(1) << flips.astype(np.uint64), initial=0)
    return random.permutation(hashes)


def test_twenty_thousand_hashes() -> None:
    hashes = clustered(20_000, 8)
    expected = brute_force(hashes, 8)
    assert len(expected) > 20_000
    assert by_bands(hashes, 8) == expected


@pytest.mark.parametrize("radius", range(17))
def test_every_radius(radius: int) -> None:
    hashes = clustered(1_500, radius)
    assert by_bands(hashes, radius) == brute_force(hashes, radius)


@pytest.mark.parametrize("radius", [6, 8, 10, 12])
def test_cut_as_for_a_million(radius: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.hashes.cut", lambda _, radius, bits: cut(1_000_000, radius, bits))
    hashes = clustered(3_000, radius)
    found = [pair for left, right in close_pairs(hashes, radius) for pair in zip(left, right, strict=True)]
    assert len(found) == len(set(found))
    assert set(found) == brute_force(hashes, radius)


@settings(deadline=None)
@given(
    base=st.integers(0, 2**64 - 1),
    masks=st.lists(st.lists(st.integers(0, 63), max_size=14), max_size=25),
    radius=st.integers(0, 16),
)
def test_equal_to_brute_force(base: int, masks: list[list[int]], radius: int) -> None:
    values = [base ^ sum(1 << bit for bit in set(bits)) for bits in masks]
    hashes = np.array(values, dtype=np.uint64)
    assert by_bands(hashes, radius) == brute_force(hashes, radius)
    numbers = groups(hashes, radius).tolist()
    assert [numbers.index(number) for number in numbers] == components(len(values), brute_force(hashes, radius))


def components(count: int, pairs: set[tuple[int, int]]) -> list[int]:
    """For each position the first one that it is connected with: spread along the pairs until nothing changes."""
    first = list(range(count))
    changed = True
    while changed:
        changed = False
        for i, j in pairs:
            low = min(first[i], first[j])
            changed |= first[i] != low or first[j] != low
            first[i] = first[j] = low
    return first


@pytest.mark.parametrize("setting", ["buckets._TILE", "buckets._BATCH", "buckets._GATHERED", "hashes._JOINED"])
def test_groups_do_not_depend_on_how_pairs_are_gathered(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = clustered(3_000, 5)
    whole = groups(hashes, 8).tolist()
    monkeypatch.setattr(f"builder.{setting}", 37)
    pieces = groups(hashes, 8).tolist()
    assert [whole.index(number) for number in whole] == [pieces.index(number) for number in pieces]
    assert by_bands(hashes, 8) == brute_force(hashes, 8)
