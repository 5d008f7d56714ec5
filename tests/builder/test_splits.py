"""`builder.splits`: shares are met, near-duplicates stay together, the same image goes the same way."""

from collections import Counter
from itertools import combinations

import imagehash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageEnhance

from builder.rows import SPLITS, ImageRow
from builder.spec import SplitSpec
from builder.splits import assign_splits, shares
from tests.builder.photos import PHOTOS, decoded, encoded, photo
from tests.builder.rows_of import datasets, row

DEFAULT = SplitSpec()


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, (0, 0, 0)),
        (1, (1, 0, 0)),
        (2, (2, 0, 0)),
        (3, (1, 1, 1)),
        (4, (2, 1, 1)),
        (10, (8, 1, 1)),
        (15, (12, 2, 1)),
        (100, (80, 10, 10)),
    ],
)
def test_shares(count: int, expected: tuple[int, int, int]) -> None:
    assert tuple(shares(count, DEFAULT).values()) == expected


def test_a_split_without_a_share_stays_empty() -> None:
    assert shares(3, SplitSpec(train=0.5, val=0, test=0.5)) == {"train": 2, "val": 0, "test": 1}


@settings(deadline=None)
@given(count=st.integers(0, 5_000), train=st.integers(0, 100), val=st.integers(0, 100))
def test_shares_are_within_rounding(count: int, train: int, val: int) -> None:
    val = min(val, 100 - train)
    spec = SplitSpec(train=train / 100, val=val / 100, test=(100 - train - val) / 100)
    result = shares(count, spec)
    assert sum(result.values()) == count
    for split, ratio in zip(SPLITS, (spec.train, spec.val, spec.test), strict=True):
        assert abs(result[split] - count * ratio) < (1 if count >= 200 else 3)
        if ratio == 0:
            assert result[split] == 0
        elif count >= 3:
            assert result[split] >= 1


def test_single_images_meet_the_shares_of_every_label() -> None:
    rows = [row(number, label) for label, count in (("cat", 103), ("dog", 40), ("owl", 3)) for number in range(count)]
    splits = assign_splits(rows, DEFAULT)
    for label, count in (("cat", 103), ("dog", 40), ("owl", 3)):
        got = Counter(split for key, split in splits.items() if key.startswith(label))
        assert got == Counter(shares(count, DEFAULT))


def test_most_images_stay_where_they_were_when_others_come() -> None:
    before = assign_splits([row(number) for number in range(500)], DEFAULT)
    after = assign_splits([row(number) for number in range(600)], DEFAULT)
    moved = sum(after[key] != split for key, split in before.items())
    assert moved < 30
    renamed = [row(n).model_copy(update={"key": f"z-{n:05}"}) for n in range(500)]
    under_other_names = assign_splits(renamed, DEFAULT)
    assert all(under_other_names[f"z-{n:05}"] == before[row(n).key] for n in range(500))


def test_a_label_of_one_group_trains() -> None:
    rows = [row(number, phash="0" * 16) for number in range(5)]
    assert set(assign_splits(rows, DEFAULT).values()) == {"train"}


@settings(deadline=None, max_examples=60)
@given(rows=datasets(), radius=st.integers(0, 16), data=st.data())
def test_the_rules_hold(rows: list[ImageRow], radius: int, data: st.DataObject) -> None:
    spec = SplitSpec(radius=radius, joint_radius=2 * radius)
    splits = assign_splits(rows, spec)
    accepted = [r for r in rows if r.verdict == "accepted"]
    assert splits.keys() == {r.key for r in accepted}
    assert set(splits.values()) <= set(SPLITS)
    for a, b in combinations(accepted, 2):  # none has a dHash, and of so few none are cut apart
        if len(accepted) <= 20 and (int(a.phash or "", 16) ^ int(b.phash or "", 16)).bit_count() <= radius:
            assert splits[a.key] == splits[b.key]
    assert assign_splits(data.draw(st.permutations(rows)), spec) == splits


def test_variants_of_a_photograph_never_straddle_two_splits() -> None:
    rows = []
    for name in PHOTOS:
        original = photo(name).copy()
        original.thumbnail((400, 400))
        width, height = original.size
        variants = [
            original,
            original.resize((width // 2, height // 2)),
            decoded(encoded(original, quality=30)),
            ImageEnhance.Brightness(original).enhance(0.7),
            original.crop((width // 40, height // 40, width - width // 40, height - height // 40)),
        ]
        for number, variant in enumerate(variants):
            hashes = {"phash": str(imagehash.phash(variant)), "dhash": str(imagehash.dhash(variant))}
            rows.append(row(number).model_copy(update={"key": f"{name}-{number}", "source_sha256": None, **hashes}))
        for _ in range(4):
            rows.append(row(len(rows)).model_copy(update={"key": f"other-{len(rows)}"}))
    splits = assign_splits(rows, SplitSpec(train=0.5, val=0.25, test=0.25))
    for name in PHOTOS:
        assert len({splits[f"{name}-{number}"] for number in range(5)}) == 1
    assert set(splits.values()) == set(SPLITS)


@settings(max_examples=30)
@given(datasets(), st.integers(1, 29))
def test_with_keep_images_stay_in_their_split_when_others_come_and_go(rows: list[ImageRow], gone: int) -> None:
    """As long as nothing that comes connects what was apart."""
    spec = SplitSpec(train=0.6, val=0.2, test=0.2, radius=0, joint_radius=0)
    rows = [one.model_copy(update={"verdict": "accepted"}) for one in rows]
    old = rows[:gone]
    splits = assign_splits(old, spec)
    held = [one.model_copy(update={"split": splits[one.key]}) for one in old[1:]] + rows[gone:]
    assert {key: split for key, split in assign_splits(held, spec, keep=True).items() if key in splits} == {
        one.key: splits[one.key] for one in old[1:]
    }


def test_with_keep_a_copy_of_a_kept_image_joins_it() -> None:
    kept = [row(n, split="test", phash=f"{n:016x}") for n in range(1)]
    newcomers = [row(n, phash=f"{0:016x}") for n in range(1, 4)]
    assert set(assign_splits([*kept, *newcomers], SplitSpec(), keep=True).values()) == {"test"}
