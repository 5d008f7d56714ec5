"""The journal of a slice, whole and torn."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.journal import Journal
from builder.rows import Fetched, ImageRow
from builder.spec import ImageSpec
from builder.validate import Accepted
from builder.validate_shard import image_row
from tests.builder.photos import candidate, encoded, picture

BODIES = [encoded(picture(seed)) for seed in range(4)]


def outcome(journal: Journal, index: int) -> tuple[ImageRow, Accepted | None]:
    fetched = Fetched(candidate=candidate(index), http_status=200)
    if index % 3 == 2:
        fetched = Fetched(candidate=candidate(index), reason="http_4xx", http_status=404)
    return image_row(journal.key(index), fetched, BODIES[index % len(BODIES)], ImageSpec())


def write(root: Path, indices: list[int], *, complete: bool = False) -> Journal:
    journal = Journal(root, "cat", 7)
    for index in indices:
        journal.add(index, *outcome(journal, index))
    journal.close(complete=complete)
    return journal


def lines(root: Path) -> list[ImageRow]:
    return [
        ImageRow.model_validate_json(line) for line in (root / "rows" / "cat-00007.jsonl").read_bytes().splitlines()
    ]


def test_rows_say_where_their_image_is(tmp_path: Path) -> None:
    write(tmp_path, [3, 0, 2, 1], complete=True)
    rows = lines(tmp_path)
    assert [row.key for row in rows] == ["cat-00007-03", "cat-00007-00", "cat-00007-02", "cat-00007-01"]
    for row in rows:
        if row.verdict == "accepted":
            assert row.shard == "shards/cat-00007.tar"
            data = (tmp_path / row.shard).read_bytes()
            assert row.offset is not None
            assert row.size_bytes is not None
            assert data[row.offset : row.offset + row.size_bytes] == BODIES[int(row.key[-2:]) % len(BODIES)]


def test_a_complete_shard_is_a_tar_of_images_and_rows(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2], complete=True)
    with tarfile.open(tmp_path / "shards" / "cat-00007.tar") as archive:
        assert archive.getnames() == ["cat-00007-00.jpg", "cat-00007-00.json", "cat-00007-01.jpg", "cat-00007-01.json"]
        sidecar = archive.extractfile("cat-00007-01.json")
        assert sidecar is not None
        assert ImageRow.model_validate_json(sidecar.read()) == lines(tmp_path)[1]


def test_a_slice_without_an_image_has_no_shard(tmp_path: Path) -> None:
    write(tmp_path, [2], complete=True)
    assert not (tmp_path / "shards").exists()


def test_what_is_done_is_told_when_it_is_opened_again(tmp_path: Path) -> None:
    write(tmp_path, [1, 2])
    again = Journal(tmp_path, "cat", 7)
    assert again.done == {1: candidate(1).url, 2: candidate(2).url}
    assert again.verdicts == {"accepted": 1, "failed": 1}
    again.close(complete=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    root = tmp_path_factory.mktemp("whole")
    write(root, [0, 1, 2, 3])
    return (root / "rows" / "cat-00007.jsonl").read_bytes(), (root / "shards" / "cat-00007.tar").read_bytes()


@given(data=st.data())
def test_whatever_was_cut_off_is_done_again_and_nothing_else(
    data: st.DataObject, whole: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows, tar = whole
    root = tmp_path_factory.mktemp("torn")
    (root / "rows").mkdir()
    (root / "shards").mkdir()
    cut_rows = rows[: data.draw(st.integers(0, len(rows)), label="rows")]
    cut_tar = tar[: data.draw(st.integers(0, len(tar)), label="tar")]
    (root / "rows" / "cat-00007.jsonl").write_bytes(cut_rows)
    (root / "shards" / "cat-00007.tar").write_bytes(cut_tar)

    journal = Journal(root, "cat", 7)
    kept = set(journal.done)
    assert kept == set(range(len(kept))), "a beginning of what was written, in its order"
    if len(cut_tar) == len(tar):
        assert len(kept) == cut_rows.count(b"\n")
    for index in range(4):
        if index not in kept:
            journal.add(index, *outcome(journal, index))
    journal.close(complete=True)

    assert (root / "rows" / "cat-00007.jsonl").read_bytes() == rows
    assert (root / "shards" / "cat-00007.tar").read_bytes() == tar + bytes(1024)
    tarfile.open(fileobj=io.BytesIO(tar + bytes(1024))).close()


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "cat", 7)
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "cat-00007.tar").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space"):
        journal.add(0, *outcome(journal, 0))
    journal.close(complete=False)
    assert Journal(tmp_path / "other", "cat", 7).done == {}


@pytest.mark.parametrize("gone", [[0], [1, 3], [4], [0, 1, 3, 4]])
def test_what_is_taken_down_is_overwritten(tmp_path: Path, gone: list[int]) -> None:
    write(tmp_path, [0, 1, 2, 3, 4], complete=True)
    before = {row.key: row for row in lines(tmp_path)}
    keys = {f"cat-00007-{index:02}" for index in gone}
    images = {
        key: (tmp_path / "shards" / "cat-00007.tar").read_bytes()[row.offset : row.offset + row.size_bytes]
        for key, row in before.items()
        if row.offset is not None and row.size_bytes is not None
    }

    def why(row: ImageRow) -> str | None:
        return "asked to" if row.key in keys else None

    for _ in range(2):
        journal = Journal(tmp_path, "cat", 7, why)
        assert sorted(journal.done) == [0, 1, 2, 3, 4]
        journal.close(complete=True)
    tar = (tmp_path / "shards" / "cat-00007.tar").read_bytes() if (tmp_path / "shards").exists() else b""
    for row in lines(tmp_path):
        if row.key in keys:
            assert (row.verdict, row.reason, row.detail, row.sha256) == ("failed", "taken_down", "asked to", None)
            assert row.url == before[row.key].url
        else:
            assert row == before[row.key]
    kept = {key: image for key, image in images.items() if key not in keys}
    for key, image in kept.items():
        row = before[key]
        assert row.offset is not None
        assert tar[row.offset : row.offset + len(image)] == image
    for key in keys:
        assert images[key] not in tar or images[key] in kept.values()
