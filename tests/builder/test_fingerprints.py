"""`builder.fingerprints`: close by either hash and by both together, as brute force says."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.fingerprints import Closeness, Collector
from tests.builder.rows_of import row

HASHES = st.tuples(st.lists(st.integers(0, 63), max_size=12), st.none() | st.lists(st.integers(0, 63), max_size=12))


def bits(places: list[int]) -> int:
    return sum(1 << place for place in set(places))


@settings(deadline=None)
@given(drawn=st.lists(HASHES, max_size=16), radius=st.integers(0, 12), joint=st.integers(0, 30))
def test_close_is_what_brute_force_says(
    drawn: list[tuple[list[int], list[int] | None]], radius: int, joint: int
) -> None:
    hashes = [(bits(phash), None if dhash is None else bits(dhash)) for phash, dhash in drawn]
    collector = Collector()
    for number, (phash, dhash) in enumerate(hashes):
        collector.add(row(number, phash=f"{phash:016x}", dhash=None if dhash is None else f"{dhash:016x}"))
    points, images, point = collector.select(np.arange(len(hashes))).points()
    assert images.tolist() == list(range(len(hashes)))
    found = {
        pair
        for left, right in points.close(Closeness(radius, joint))
        for pair in zip(left.tolist(), right.tolist(), strict=True)
    }
    found |= {(b, a) for a, b in found}
    for i, j in combinations(range(len(hashes)), 2):
        p = (hashes[i][0] ^ hashes[j][0]).bit_count()
        d = (
            p
            if hashes[i][1] is None or hashes[j][1] is None
            else ((hashes[i][1] or 0) ^ (hashes[j][1] or 0)).bit_count()
        )
        close = min(p, d) <= radius and p + d <= joint
        if point[i] == point[j]:
            assert hashes[i] == hashes[j]
        else:
            assert ((int(point[i]), int(point[j])) in found) is close


def test_an_image_without_hashes_is_no_point() -> None:
    collector = Collector()
    collector.add(row(0, phash=None))
    collector.add(row(1))
    points, images, point = collector.select(np.array([0, 1])).points()
    assert (len(points.phash), images.tolist(), point.tolist()) == (1, [1], [0])
