"""`builder.dedupe`: one image per picture, stable in any order."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.dedupe import deduplicate
from builder.rows import ImageRow
from builder.spec import DedupeSpec, ImageSpec
from builder.validate import Accepted, validate
from tests.builder.photos import PHOTOS, encoded, photo
from tests.builder.rows_of import LABELS, datasets, row

PLENTY = dict.fromkeys(LABELS, 1_000)
NEAR = DedupeSpec()


def verdicts(
    rows: list[ImageRow], spec: DedupeSpec = NEAR, **targets: int
) -> dict[str, tuple[str, str | None, str | None]]:
    result = deduplicate(rows, spec, PLENTY | targets)
    return {key: (d.verdict, d.reason, d.duplicate_of) for key, d in result.decisions.items()}


def test_the_largest_then_the_heaviest_then_the_first_stays() -> None:
    same = {"phash": "00ff00ff00ff00ff"}
    small = row(0, source_width=300, source_height=200, size_bytes=99_999, **same)
    light = row(1, size_bytes=10, **same)
    heavy = row(2, size_bytes=20, **same)
    later = row(3, size_bytes=20, **same)
    assert verdicts([later, light, heavy, small]) == {
        heavy.key: ("accepted", None, None),
        later.key: ("duplicate", "near_duplicate", heavy.key),
        light.key: ("duplicate", "near_duplicate", heavy.key),
        small.key: ("duplicate", "near_duplicate", heavy.key),
    }


def test_the_same_bytes_are_exact_duplicates_without_near_too() -> None:
    a, served, stored = row(0), row(1, source_sha256=row(0).source_sha256), row(2, sha256=row(0).sha256)
    off = DedupeSpec(near=False)
    assert verdicts([a, served, stored], off)[stored.key] == ("accepted", None, None)  # it has the most bytes
    assert verdicts([a, served, stored], off)[a.key] == ("duplicate", "exact_duplicate", stored.key)
    twins = [row(0, phash="0" * 16), row(1, phash="0" * 16)]
    assert {verdict for verdict, _, _ in verdicts(twins, off).values()} == {"accepted"}
    assert verdicts(twins)[twins[0].key] == ("duplicate", "near_duplicate", twins[1].key)


def test_the_radius_is_where_it_ends() -> None:
    zero = row(0, phash=f"{0:016x}")
    for bits, together in ((8, True), (9, False)):
        other = row(1, phash=f"{(1 << bits) - 1:016x}")
        assert (verdicts([zero, other])[zero.key][0] == "duplicate") is together


def test_the_first_by_key_fill_the_target_and_the_rest_is_surplus() -> None:
    rows = [row(number) for number in range(6)]
    decided = verdicts(rows[::-1], cat=4)
    assert [decided[r.key] for r in rows] == [("accepted", None, None)] * 4 + [("surplus", "over_target", None)] * 2


def test_labels_that_meet_are_told() -> None:
    cat, dog, dog2 = row(0, "cat", size_bytes=9), row(0, "dog", size_bytes=5), row(1, "dog", size_bytes=4)
    same = [r.model_copy(update={"phash": "00ff00ff00ff00ff"}) for r in (cat, dog, dog2)]
    result = deduplicate(same, NEAR, PLENTY)
    assert result.decisions[dog.key].duplicate_of == cat.key
    (conflict,) = result.conflicts
    assert (conflict.kept, conflict.label, conflict.others) == (cat.key, "cat", {"dog": 2})


def test_rejected_and_failed_rows_are_left_alone() -> None:
    rejected = row(0, verdict="rejected", reason="too_small", detail="3x3")
    result = deduplicate([rejected, row(1)], NEAR, PLENTY)
    assert result.decisions.keys() == {row(1).key}
    assert result.apply(rejected) is rejected
    again = row(1, verdict="duplicate", reason="near_duplicate", duplicate_of="x", detail="old")
    assert result.apply(again) == row(1)


def test_what_cannot_be_decided_is_an_error() -> None:
    with pytest.raises(ValueError, match="no target for the labels fish"):
        deduplicate([row(0, "fish")], NEAR, PLENTY)
    with pytest.raises(ValueError, match="same key"):
        deduplicate([row(0), row(0)], NEAR, PLENTY)
    assert deduplicate([], NEAR, {}).decisions == {}


def test_copies_of_photographs_are_found_and_others_are_not() -> None:
    rows = []
    for name in PHOTOS:
        original = photo(name)
        half = original.resize((original.width // 2, original.height // 2))
        for copy, data in enumerate(
            [encoded(original, quality=95), encoded(original, quality=30), encoded(half, "WEBP")]
        ):
            result = validate(data, ImageSpec())
            assert isinstance(result, Accepted)
            fields = {name: getattr(result, name) for name in ("phash", "sha256", "source_sha256", "source_width")}
            key = f"{name}-{copy}"
            rows.append(row(0).model_copy(update={**fields, "source_height": result.source_height, "key": key}))
    decided = verdicts(rows)
    for name in PHOTOS:
        assert {decided[f"{name}-{copy}"][2] for copy in (1, 2)} <= {f"{name}-0", f"{name}-1"}
    assert sum(verdict == "accepted" for verdict, _, _ in decided.values()) == len(PHOTOS)


@settings(deadline=None, max_examples=60)
@given(rows=datasets(), radius=st.integers(0, 12), near=st.booleans(), target=st.integers(1, 5), data=st.data())
def test_the_rules_hold(rows: list[ImageRow], radius: int, near: bool, target: int, data: st.DataObject) -> None:
    spec = DedupeSpec(near=near, radius=radius)
    targets = dict.fromkeys(LABELS, target)
    result = deduplicate(rows, spec, targets)
    decided = [result.apply(r) for r in rows]

    assert deduplicate(data.draw(st.permutations(rows)), spec, targets) == result
    assert deduplicate(decided, spec, targets) == result

    by_key = {r.key: r for r in decided}
    kept = [r for r in decided if r.verdict in {"accepted", "surplus"}]
    for a, b in combinations(kept, 2):
        assert not {a.sha256, a.source_sha256} & {b.sha256, b.source_sha256}
        assert not near or (int(a.phash or "", 16) ^ int(b.phash or "", 16)).bit_count() > radius
    for r in decided:
        if r.verdict == "duplicate":
            assert by_key[r.duplicate_of or ""].verdict in {"accepted", "surplus"}
        else:
            assert r.duplicate_of is None
    for label in LABELS:
        mine = sorted((r for r in kept if r.label == label), key=lambda r: r.key)
        assert [r.verdict for r in mine] == ["accepted"] * min(target, len(mine)) + ["surplus"] * max(
            0, len(mine) - target
        )


def test_thirty_thousand_rows_of_which_most_are_copies() -> None:
    hashes = np.random.default_rng(1).integers(0, 2**64, 500, dtype=np.uint64)
    template = row(0)

    def copy(n: int) -> ImageRow:
        content = f"{n:064x}"
        fields = {"key": f"cat-{n:07}", "phash": f"{hashes[n % 500]:016x}", "sha256": content, "source_sha256": content}
        return template.model_copy(update=fields)

    result = deduplicate((copy(n) for n in range(30_000)), NEAR, {"cat": 30_000})
    assert sum(d.verdict == "accepted" for d in result.decisions.values()) == 500
