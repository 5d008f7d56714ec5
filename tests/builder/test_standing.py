"""Decisions by people, and images that are in the dataset already, come before the rules of deduplication."""

from hypothesis import given
from hypothesis import strategies as st

from builder.dedupe import deduplicate
from builder.rows import Curation, ImageRow
from builder.spec import DedupeSpec
from tests.builder.rows_of import LABELS, datasets, row

ACCEPTED, REJECTED = Curation(decision="accepted"), Curation(decision="rejected")
RELABELLED = Curation(decision="accepted", relabelled_from="dog")
PICTURE = "0f1e2d3c4b5a6978"


def copies(*changes: dict[str, object]) -> list[ImageRow]:
    """Near-copies of one picture: the first is the largest."""
    return [
        row(number).model_copy(update={"phash": PICTURE, "source_width": 640 - number, **one})
        for number, one in enumerate(changes)
    ]


def decided(rows: list[ImageRow], targets: int = 100) -> dict[str, tuple[str, str | None]]:
    found = deduplicate(rows, DedupeSpec(), dict.fromkeys(LABELS, targets), odd_size=10, keep=True)
    return {one.key: (found.decisions[one.key].verdict, found.decisions[one.key].duplicate_of) for one in rows}


def verdicts(rows: list[ImageRow], targets: int = 100) -> list[str]:
    return [verdict for verdict, _ in decided(rows, targets).values()]


def test_a_rejected_picture_stays_out_with_its_copies() -> None:
    found = decided(copies({}, {"curated": REJECTED, "verdict": "rejected", "reason": "curated"}, {}))
    assert found == {
        "cat-00000-00": ("duplicate", "cat-00000-01"),
        "cat-00000-01": ("rejected", None),
        "cat-00000-02": ("duplicate", "cat-00000-01"),
    }


def test_an_accepted_copy_stays_beside_the_image_that_stands_for_the_picture() -> None:
    once = copies({}, {"curated": ACCEPTED}, {})
    assert verdicts(once) == ["accepted", "accepted", "duplicate"]
    assembled = copies({"split": "train"}, {"curated": ACCEPTED, "split": "train", "source_width": 9_000}, {})
    assert verdicts(assembled) == ["accepted", "accepted", "duplicate"]


def test_a_relabelled_picture_takes_its_copies_with_it() -> None:
    rows = copies({}, {"curated": RELABELLED, "label": "dog"}, {})
    assert verdicts(rows) == ["duplicate", "accepted", "duplicate"]


def test_of_a_rejected_and_an_accepted_copy_the_accepted_one_stands() -> None:
    found = decided(
        copies({}, {"curated": REJECTED, "verdict": "rejected", "reason": "curated"}, {"curated": ACCEPTED})
    )
    assert found["cat-00000-00"] == ("duplicate", "cat-00000-02")


def test_what_is_in_the_dataset_is_not_replaced_by_a_larger_newcomer() -> None:
    newcomer: dict[str, object] = {"source_width": 9_000}
    assert verdicts(copies({"split": "test"}, newcomer)) == ["accepted", "duplicate"]
    assert verdicts(copies({}, newcomer)) == ["duplicate", "accepted"]


def test_what_people_want_counts_towards_the_target_first_and_is_never_surplus() -> None:
    rows = [row(0), row(1, split="train"), row(2, curated=ACCEPTED), row(3, curated=ACCEPTED)]
    assert verdicts(rows, 3) == ["surplus", "accepted", "accepted", "accepted"]
    assert verdicts(rows, 1) == ["surplus", "surplus", "accepted", "accepted"]


@given(datasets(), st.data())
def test_decisions_are_always_kept_and_nothing_changes_the_second_time(
    rows: list[ImageRow], data: st.DataObject
) -> None:
    told = st.sampled_from([None, None, ACCEPTED, REJECTED, RELABELLED])
    rows = [
        one.model_copy(update={"curated": data.draw(told), "split": data.draw(st.sampled_from([None, "train"]))})
        for one in rows
        if one.verdict != "failed"
    ]
    first = deduplicate(rows, DedupeSpec(), dict.fromkeys(LABELS, 100), odd_size=10, keep=True)
    for one in rows:
        if one.curated is not None and one.key in first.decisions:
            assert first.decisions[one.key].verdict == one.curated.decision
    again = [first.apply(one) for one in rows]
    again = [one.model_copy(update={"split": "train" if one.verdict == "accepted" else None}) for one in again]
    kept = {one.key for one in again if one.verdict == "accepted"}
    second = deduplicate(again, DedupeSpec(), dict.fromkeys(LABELS, 100), odd_size=10, keep=True)
    assert {key for key, one in second.decisions.items() if one.verdict == "accepted"} == kept
