"""`builder.fingerprints`: close by either hash and by both together, as brute force says."""

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.fingerprints import Closeness, Collector
from tests.builder.rows_of import row

GROUND = 0x0F3C_5A96_E178_2D4B
"""The dHash that others are made from: telling, unless many of its bits are taken."""
HASHES = st.tuples(
    st.lists(st.integers(0, 63), max_size=12),
    st.none()
    | st.tuples(st.sampled_from([GROUND, 0xFF, 0x7171717171717173]), st.lists(st.integers(0, 63), max_size=12)),
)


def bits(places: list[int]) -> int:
    return sum(1 << place for place in set(places))


def kind(dhash: int | None) -> str:
    """What a dHash is worth, counted on its digits."""
    if dhash is None:
        return "none"
    digits = f"{dhash:064b}"
    rows = [digits[start : start + 8] for start in range(0, 64, 8)]
    changes = sum(a != b for one, other in pairwise(rows) for a, b in zip(one, other, strict=True))
    few = min(digits.count("1"), digits.count("0"))
    return "blank" if few < 4 or changes < 4 else "telling" if few >= 18 and changes >= 8 else "little"


@settings(deadline=None)
@given(drawn=st.lists(HASHES, max_size=16), radius=st.integers(0, 12), joint=st.integers(0, 30))
def test_close_is_what_brute_force_says(
    drawn: list[tuple[list[int], tuple[int, list[int]] | None]], radius: int, joint: int
) -> None:
    hashes = [(bits(phash), None if dhash is None else dhash[0] ^ bits(dhash[1])) for phash, dhash in drawn]
    collector = Collector()
    for number, (phash, dhash) in enumerate(hashes):
        collector.add(row(number, phash=f"{phash:016x}", dhash=None if dhash is None else f"{dhash:016x}"))
    points, images, point = collector.select(np.arange(len(hashes))).points()
    kinds = [kind(dhash) for _, dhash in hashes]
    assert images.tolist() == [i for i, its in enumerate(kinds) if its != "blank"]
    of_image = dict(zip(images.tolist(), point.tolist(), strict=True))
    found = {
        pair
        for left, right in points.close(Closeness(radius, joint))
        for pair in zip(left.tolist(), right.tolist(), strict=True)
    }
    found |= {(b, a) for a, b in found}
    for i, j in combinations(of_image, 2):
        p = (hashes[i][0] ^ hashes[j][0]).bit_count()
        d = p if "none" in (kinds[i], kinds[j]) else ((hashes[i][1] or 0) ^ (hashes[j][1] or 0)).bit_count()
        nearest = min(p, d) if kinds[i] == kinds[j] == "telling" else p
        together = joint // 4 if "little" in (kinds[i], kinds[j]) else joint
        close = nearest <= min(radius, joint // 2) and p + d <= together
        if of_image[i] == of_image[j]:
            assert hashes[i] == hashes[j]
        else:
            assert ((of_image[i], of_image[j]) in found) is close
            left, right = np.array([of_image[i]]), np.array([of_image[j]])
            assert bool(points.alike(left, right, Closeness(radius, joint))[0]) is close


def test_an_image_without_hashes_is_no_point() -> None:
    collector = Collector()
    collector.add(row(0, phash=None))
    collector.add(row(1))
    points, images, point = collector.select(np.array([0, 1])).points()
    assert (len(points.phash), images.tolist(), point.tolist()) == (1, [1], [0])
