from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.spec import DatasetSpec
from shared.documents import Counts, DatasetDocument, SearchDocument, ShardDocument, SourceFigures
from shared.live import LabelEvent, Position, PositionError, Snapshot, StateEvent, WarningEvent, events
from tests.shared.test_progress import search, shard

SPEC = DatasetSpec.model_validate({"name": "pets", "labels": [{"name": "cat", "images": 3}, {"name": "dog"}]})


def document(**changes: Any) -> DatasetDocument:
    return DatasetDocument.model_validate({"id": "d", "owner": "o", "name": "pets", "spec": SPEC, **changes})


def building(*parts: ShardDocument | SearchDocument, **changes: Any) -> Snapshot:
    return Snapshot(
        document(**{"state": "building", "stage": "collecting", **changes}),
        tuple(one for one in parts if isinstance(one, ShardDocument)),
        tuple(one for one in parts if isinstance(one, SearchDocument)),
    )


def kinds(snapshot: Snapshot, position: Position | None = None) -> list[str]:
    return [kind for kind, _, _ in events(snapshot, position or Position())]


def test_a_new_listener_hears_everything_and_the_end_last() -> None:
    done = building(
        search("cat", 1), shard("cat", 0, accepted=3), shard("dog", 0, accepted=1), state="ready", stage=None
    )
    assert kinds(done) == ["shard", "label", "shard", "progress", "state"]
    last = list(events(done, Position()))[-1][1]
    assert isinstance(last, StateEvent)
    assert (last.state, last.final) == ("ready", True)


def test_shards_are_told_in_order_however_they_come() -> None:
    late = building(shard("dog", 1, accepted=1))
    assert "shard" not in kinds(late)
    both = building(shard("dog", 1, accepted=1), shard("dog", 0, accepted=1))
    assert kinds(both).count("shard") == 2


def test_a_shard_that_never_came_hides_no_other_at_the_end() -> None:
    told = (shard("dog", 1, accepted=1), shard("dog", 3, accepted=1), shard("cat", 0, accepted=1))
    stopped = building(*told, state="cancelled", stage=None)
    assert kinds(stopped) == ["shard", "shard", "shard", "progress", "state"]
    heard = [(after, kind) for kind, _, after in events(stopped, Position())]
    for place, (position, _) in enumerate(heard):
        rest = kinds(stopped, Position.parse(str(position), SPEC))
        assert rest == [kind for _, kind in heard[place + 1 :]]


def test_a_source_that_failed_is_told_once() -> None:
    failed = SourceFigures(source="bing", found=0, dry=False, error_kind="refused", error="bing refuses")
    first = building(search("dog", 1, failed))
    position = [after for _, _, after in events(first, Position())][-1]
    again = building(search("dog", 1, failed), search("dog", 2, failed))
    assert kinds(first).count("warning") == 1
    assert "warning" not in kinds(again, position)


def test_a_shard_that_was_given_up_is_a_warning() -> None:
    lost = ShardDocument(
        id="dog-00000", dataset="d", label="dog", number=0, state="failed", counts=Counts(), error="five times"
    )
    told = [event for _, event, _ in events(building(lost), Position()) if isinstance(event, WarningEvent)]
    assert [(one.shard, one.message) for one in told] == [(0, "five times")]


def test_a_label_is_done_when_its_sources_are_dry_and_what_they_gave_has_come() -> None:
    dry = search("dog", 1, SourceFigures(source="bing", found=1, dry=True))

    def done(snapshot: Snapshot) -> list[tuple[str, bool, int]]:
        told = [event for _, event, _ in events(snapshot, Position())]
        return [(one.label, one.reached, one.accepted) for one in told if isinstance(one, LabelEvent)]

    assert done(building(dry)) == []
    assert done(building(dry, shard("dog", 0, accepted=1))) == [("dog", False, 1)]
    assert done(building(dry, state="cancelled", stage=None)) == [("dog", False, 0)]
    again = search("dog", 2, SourceFigures(source="bing", found=1, dry=False))
    assert done(building(dry, again, shard("dog", 0, accepted=1))) == []


def test_nothing_new_is_no_event() -> None:
    there = building(shard("cat", 0, accepted=1))
    position = [after for _, _, after in events(there, Position())][-1]
    assert kinds(there, position) == []


def test_a_dataset_that_is_being_deleted_says_so_and_no_more() -> None:
    assert kinds(building(shard("cat", 0, accepted=1), state="deleting")) == ["state"]
    assert kinds(Snapshot(None)) == []


PARTS = [
    *(shard(label, number, accepted=number + 1) for label in ("cat", "dog") for number in range(4)),
    *(search(label, number) for label in ("cat", "dog") for number in (1, 2)),
]


@settings(max_examples=30)
@given(st.permutations(PARTS), st.data())
def test_who_comes_back_after_any_event_hears_the_rest_and_nothing_twice(
    order: list[ShardDocument | SearchDocument], data: st.DataObject
) -> None:
    """One listener hears all, another is cut off all the time; only counts may be passed over."""

    def steady(kind: str, event: Any) -> tuple[str, str] | None:
        return None if kind == "progress" else (kind, event.model_dump_json())

    steps = [building(*order[:count]) for count in range(0, len(order) + 1, 3)] + [building(*order)]
    heard: list[Any] = []
    position = Position()
    for step in steps:
        for kind, event, after in events(step, position):
            heard.append(steady(kind, event))
            position = after
    torn: list[Any] = []
    at = str(Position())
    for step in steps:
        while True:
            start = Position() if not torn else Position.parse(at, SPEC)
            found = list(events(step, start))
            taken = found[: data.draw(st.integers(1, len(found)))] if found else []
            torn += [steady(kind, event) for kind, event, _ in taken]
            at = str(taken[-1][2]) if taken else at
            if len(taken) == len(found):
                break
    assert [one for one in torn if one] == [one for one in heard if one]


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.ab.", "1.2.ab.1-1-0", "9.0.ab.0-0-0_0-0-0", "-1.0.a.0-0-0_0-0-0", "0.0.a.٣-0-0_0-0-0"]
)
def test_what_is_no_position_of_this_dataset_is_refused(text: str) -> None:
    with pytest.raises(PositionError):
        Position.parse(text, SPEC)
