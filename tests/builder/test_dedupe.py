"""`builder.dedupe`: one image per picture, stable in any order."""

from collections import Counter
from itertools import combinations

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor, ImageDraw, ImageFont

from builder.dedupe import deduplicate
from builder.rows import ImageRow
from builder.spec import DedupeSpec, ImageSpec
from builder.validate import Accepted, validate
from tests.builder.photos import PHOTOS, decoded, encoded, photo
from tests.builder.rows_of import LABELS, datasets, row

PLENTY = dict.fromkeys(LABELS, 1_000)
NEAR = DedupeSpec()


def verdicts(
    rows: list[ImageRow], spec: DedupeSpec = NEAR, **targets: int
) -> dict[str, tuple[str, str | None, str | None]]:
    result = deduplicate(rows, spec, PLENTY | targets)
    return {key: (d.verdict, d.reason, d.duplicate_of) for key, d in result.decisions.items()}


GROUND = 0x0F3C_5A96_E178_2D4B
SAME = {"phash": "00ff00ff00ff00ff", "dhash": f"{GROUND:016x}"}


def test_the_largest_then_what_was_not_compressed_hard_then_the_first_stays() -> None:
    small = row(0, source_width=300, source_height=200, size_bytes=99_999, **SAME)
    hard = row(1, size_bytes=50_000, **SAME)
    lighter = row(2, size_bytes=70_000, **SAME)
    heavy = row(3, size_bytes=100_000, **SAME)
    assert verdicts([heavy, lighter, hard, small]) == {
        lighter.key: ("accepted", None, None),
        heavy.key: ("duplicate", "near_duplicate", lighter.key),
        hard.key: ("duplicate", "near_duplicate", lighter.key),
        small.key: ("duplicate", "near_duplicate", lighter.key),
    }


def test_of_three_copies_the_altered_one_goes_though_it_is_first_and_heaviest() -> None:
    altered = row(0, size_bytes=90_000, phash=f"{0x1F:016x}", dhash=f"{GROUND ^ 0x7:016x}")
    plain = [row(n, phash="0" * 16, dhash=f"{GROUND:016x}") for n in (1, 2)]
    assert verdicts([altered, *plain])[altered.key] == ("duplicate", "near_duplicate", plain[0].key)
    assert verdicts([altered, plain[0]])[altered.key][0] == "accepted"  # of two, nothing tells which


def test_the_same_bytes_are_exact_duplicates_without_near_too() -> None:
    a = row(0, **SAME)
    served, stored = row(1, source_sha256=a.source_sha256, **SAME), row(2, sha256=a.sha256, **SAME)
    off = DedupeSpec(near=False)
    decided = verdicts([a, served, stored], off)
    assert decided[a.key] == ("accepted", None, None)
    assert {decided[r.key] for r in (served, stored)} == {("duplicate", "exact_duplicate", a.key)}
    twins = [row(0, phash="0" * 16), row(1, phash="0" * 16)]
    assert {verdict for verdict, _, _ in verdicts(twins, off).values()} == {"accepted"}
    assert verdicts(twins)[twins[1].key] == ("duplicate", "near_duplicate", twins[0].key)


@pytest.mark.parametrize(
    ("phash", "dhash", "together"),
    [(8, 16, True), (8, 17, False), (16, 8, True), (9, 9, False), (0, 25, False), (8, None, True), (9, None, False)],
)
def test_the_radius_is_where_it_ends(phash: int, dhash: int | None, together: bool) -> None:
    zero = row(0, phash="0" * 16, dhash=f"{GROUND:016x}")
    dhashed = None if dhash is None else f"{GROUND ^ (1 << dhash) - 1:016x}"
    other = row(1, phash=f"{(1 << phash) - 1:016x}", dhash=dhashed)
    rows = [zero, other]
    assert (verdicts(rows)[rows[1].key][0] == "duplicate") is together


def test_mirrored_and_rotated_copies_when_asked() -> None:
    original = row(0, phash="00ff00ff00ff00ff", turned=("123456789abcdef0", "fedcba9876543210"))
    mirrored = row(1, phash="fedcba9876543213", turned=("00ff00ff00ff00fc",))
    other = row(2, phash="0123456701234567", turned=("aaaaaaaa55555555",))
    rows = [mirrored, other, original]
    assert {verdict for verdict, _, _ in verdicts(rows).values()} == {"accepted"}
    decided = verdicts(rows, DedupeSpec(turned=True))
    assert decided[mirrored.key] == ("duplicate", "near_duplicate", original.key)
    assert decided[other.key] == ("accepted", None, None)


def test_odd_sizes_are_rejected_and_reconsidered() -> None:
    usual = [row(n) for n in range(5)]
    tiny = row(5, source_width=40, source_height=30)
    huge = row(6, source_width=6_401, source_height=4_801)
    rows = [*usual, tiny, huge]
    result = deduplicate(rows, NEAR, PLENTY, odd_size=10)
    assert [result.decisions[r.key].verdict for r in rows] == ["accepted"] * 5 + ["rejected"] * 2
    assert result.decisions[tiny.key].measured == pytest.approx(1 / 16, abs=1e-4)
    assert result.decisions[huge.key].measured == pytest.approx((6_401 * 4_801 / 640 / 480) ** 0.5, abs=1e-4)
    decided = [result.apply(r) for r in rows]
    assert deduplicate(decided, NEAR, PLENTY, odd_size=10) == result
    assert deduplicate(decided, NEAR, PLENTY).decisions.verdicts()["accepted"] == 7
    assert [deduplicate(decided, NEAR, PLENTY).apply(r) for r in decided] == rows
    assert deduplicate([usual[0], tiny], NEAR, PLENTY, odd_size=2).decisions.verdicts()["accepted"] == 2


def test_the_first_by_key_fill_the_target_and_the_rest_is_surplus() -> None:
    rows = [row(number) for number in range(6)]
    decided = verdicts(rows[::-1], cat=4)
    assert [decided[r.key] for r in rows] == [("accepted", None, None)] * 4 + [("surplus", "over_target", None)] * 2


def test_the_label_with_most_copies_has_a_picture() -> None:
    cat = row(0, "cat", source_width=2_000, source_height=2_000, **SAME)
    dogs = [row(number, "dog", **SAME) for number in range(2)]
    result = deduplicate([cat, *dogs], NEAR, PLENTY)
    assert result.decisions[cat.key].duplicate_of == dogs[0].key
    (conflict,) = result.conflicts
    assert (conflict.kept, conflict.label, conflict.others) == (dogs[0].key, "dog", {"cat": 1})


def test_a_tie_of_labels_goes_to_the_one_that_has_it_earlier() -> None:
    cats = [row(number, "cat") for number in range(3)]
    late, early = row(3, "cat", **SAME), row(1, "dog", **SAME)
    result = deduplicate([*cats, row(0, "dog"), late, early], NEAR, PLENTY)
    assert result.decisions[late.key].duplicate_of == early.key
    first = row(0, "owl", **SAME)
    assert deduplicate([first, row(0, "dog", **SAME)], NEAR, PLENTY).decisions[first.key].verdict == "duplicate"


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
            dhash = str(imagehash.dhash(decoded(data).convert("L")))
            key = f"{name}-{copy}"
            rows.append(
                row(0).model_copy(update={**fields, "source_height": result.source_height, "key": key, "dhash": dhash})
            )
    decided = verdicts(rows)
    for name in PHOTOS:
        assert {decided[f"{name}-{copy}"][2] for copy in (1, 2)} <= {f"{name}-0", f"{name}-1"}
    assert sum(verdict == "accepted" for verdict, _, _ in decided.values()) == len(PHOTOS)


def bands(*colours: str, upright: bool = False) -> Image.Image:
    """A flag of bands."""
    flag = Image.new("RGB", (1, len(colours)))
    for place, colour in enumerate(colours):
        flag.putpixel((0, place), ImageColor.getrgb(colour))
    return (flag.transpose(Image.Transpose.TRANSPOSE) if upright else flag).resize((450, 300), Image.Resampling.NEAREST)


PLAIN: dict[str, Image.Image] = {
    **{colour: Image.new("RGB", (400, 300), colour) for colour in ("red", "blue", "white", "#777777", "#fdf6e3")},
    "small red": Image.new("RGB", (200, 200), "#fe0000"),
    "ramp": Image.linear_gradient("L").resize((400, 300)).convert("RGB"),
    "netherlands": bands("#ae1c28", "white", "#21468b"),
    "russia": bands("white", "#0039a6", "#d52b1e"),
    "germany": bands("black", "#dd0000", "#ffce00"),
    "poland": bands("white", "red"),
    "indonesia": bands("red", "white"),
    "france": bands("#0055a4", "white", "#ef4135", upright=True),
    "italy": bands("#008c45", "white", "#cd212a", upright=True),
    "ireland": bands("#169b62", "white", "#ff883e", upright=True),
}
ANYTHING = ImageSpec(tier="fast", min_bytes=1)


def hashed_row(key: str, data: bytes) -> ImageRow:
    result = validate(data, ANYTHING, turned=True)
    assert isinstance(result, Accepted)
    names = ("phash", "dhash", "turned", "sha256", "source_sha256", "source_width", "source_height")
    return row(0).model_copy(update={"key": key} | {name: getattr(result, name) for name in names})


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("turned", [False, True])
def test_pictures_without_structure_are_the_same_only_by_their_bytes(image_format: str, turned: bool) -> None:
    rows = [hashed_row(name, encoded(image, image_format)) for name, image in PLAIN.items()]
    again = hashed_row("~red", encoded(PLAIN["red"], image_format))
    decided = verdicts([*rows, again], DedupeSpec(turned=turned))
    assert {name: verdict for name, (verdict, _, _) in decided.items() if name in PLAIN} == dict.fromkeys(
        PLAIN, "accepted"
    )
    assert decided["~red"] == ("duplicate", "exact_duplicate", "red")


def test_things_on_a_plain_ground_are_not_the_same_for_their_ground() -> None:
    rows = []
    for thing in "ABHMWX8@":
        image = Image.new("RGB", (400, 400), "white")
        ImageDraw.Draw(image).text((200, 200), thing, "black", ImageFont.load_default(140), anchor="mm")
        rows += [
            hashed_row(f"{thing}-0", encoded(image, quality=95)),
            hashed_row(f"{thing}-1", encoded(image, quality=40)),
        ]
    decided = verdicts(rows)
    assert {key: found[2] for key, found in decided.items()} == {
        f"{thing}-{copy}": f"{thing}-0" if copy else None for thing in "ABHMWX8@" for copy in (0, 1)
    }


@settings(deadline=None, max_examples=60)
@given(rows=datasets(), radius=st.integers(0, 12), near=st.booleans(), target=st.integers(1, 5), data=st.data())
def test_the_rules_hold(rows: list[ImageRow], radius: int, near: bool, target: int, data: st.DataObject) -> None:
    spec = DedupeSpec(near=near, radius=radius)
    targets = dict.fromkeys(LABELS, target)
    result = deduplicate(rows, spec, targets)
    assert result.decisions.verdicts() == Counter(d.verdict for d in result.decisions.values())
    decided = [result.apply(r) for r in rows]

    assert deduplicate(data.draw(st.permutations(rows)), spec, targets) == result
    assert deduplicate(decided, spec, targets) == result

    by_key = {r.key: r for r in decided}
    kept = [r for r in decided if r.verdict in {"accepted", "surplus"}]
    for a, b in combinations(kept, 2):
        assert not {a.sha256, a.source_sha256} & {b.sha256, b.source_sha256}
        assert not near or (int(a.phash or "", 16) ^ int(b.phash or "", 16)).bit_count() > radius  # none has a dHash
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
