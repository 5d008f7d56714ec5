"""Copies in a folder: which stays, and putting the others away without losing a picture."""

from pathlib import Path

import pytest

from builder.check_folder import Checked
from builder.copies import Copy, Group, PutAwayError, find_copies, put_away
from builder.spec import DedupeSpec
from tests.builder.photos import encoded, photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    (root / "sub").mkdir(parents=True)
    chelsea = photo("chelsea")
    (root / "b.jpg").write_bytes(encoded(chelsea, quality=90))
    (root / "a.jpg").write_bytes(encoded(chelsea.resize((chelsea.width // 2, chelsea.height // 2))))
    (root / "sub/b.jpg").write_bytes(encoded(chelsea, quality=90))
    (root / "coffee.png").write_bytes(encoded(photo("coffee"), "PNG"))
    (root / "tiny.png").write_bytes(encoded(photo("rocket").resize((9, 9)), "PNG"))
    (root / "bad.jpg").write_bytes(b"no picture")
    (root / "link.jpg").symlink_to("b.jpg")
    return root


def test_the_best_stays_and_others_are_its_copies(folder: Path) -> None:
    seen: list[Checked] = []
    found = find_copies(folder, DedupeSpec(), 1, seen=seen.append)
    assert [group.kept for group in found.groups] == ["b.jpg"]
    near, exact = found.groups[0].copies
    assert (near.path, near.reason) == ("a.jpg", "near_duplicate")
    assert near.distance is not None
    assert near.distance <= 8
    size = (folder / "b.jpg").stat().st_size
    assert exact == Copy("sub/b.jpg", "exact_duplicate", size_bytes=size, distance=0)
    assert found.images == 5
    assert [checked.path for checked in found.unusable] == ["bad.jpg"]
    assert len(seen) == 6


def test_only_the_same_bytes_where_asked(folder: Path) -> None:
    (group,) = find_copies(folder, DedupeSpec(near=False), 1).groups
    assert [copy.path for copy in group.copies] == ["sub/b.jpg"]


def test_deleting_leaves_one_of_each(folder: Path) -> None:
    found = find_copies(folder, DedupeSpec(), 1)
    assert list(put_away(folder, found.groups)) == ["a.jpg", "sub/b.jpg"]
    assert not find_copies(folder, DedupeSpec(), 1).groups
    assert (folder / "b.jpg").exists()


def test_moving_keeps_the_paths_and_overwrites_nothing(folder: Path, tmp_path: Path) -> None:
    found = find_copies(folder, DedupeSpec(), 1)
    data = (folder / "sub/b.jpg").read_bytes()
    away = tmp_path / "away"
    (away / "sub").mkdir(parents=True)
    (away / "sub/b.jpg").write_bytes(b"precious")
    with pytest.raises(PutAwayError, match="there already"):
        list(put_away(folder, found.groups, away))
    assert (away / "sub/b.jpg").read_bytes() == b"precious"
    (away / "sub/b.jpg").unlink()
    assert list(put_away(folder, [Group("b.jpg", found.groups[0].copies[1:])], away)) == ["sub/b.jpg"]
    assert (away / "sub/b.jpg").read_bytes() == data
    assert (away / "a.jpg").exists()


def test_no_copy_goes_when_its_survivor_is_gone(folder: Path) -> None:
    found = find_copies(folder, DedupeSpec(), 1)
    (folder / "b.jpg").unlink()
    with pytest.raises(PutAwayError, match="gone"):
        list(put_away(folder, found.groups))
    assert (folder / "a.jpg").exists()
