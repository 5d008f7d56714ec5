import contextlib
import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.unpack import MARKER, TargetError, UnpackError, check_target, staged, unpack


def archive(folder: Path, *members: str | zipfile.ZipInfo) -> Path:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for member in members:
            zipped.writestr(member, b"data")
    return path


def test_unpacks_files_into_their_folders(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert unpack(archive(tmp_path, "a.txt", "train/red panda/b.jpg", "train/empty/"), out) == 2
    assert (out / "train" / "red panda" / "b.jpg").read_bytes() == b"data"


@pytest.mark.parametrize("name", ["../a", "x/../../a", "/etc/a", "..\\a", "C:/a", "a/.."])
def test_a_name_that_leads_out_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UnpackError, match="leads out of its folder"):
        unpack(archive(tmp_path, "good.txt", name), out)
    assert list(out.iterdir()) == []


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UnpackError, match="leads out"):
        unpack(archive(tmp_path, link), tmp_path)


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "", "C:", "/", "\\", "a\\..", "~"]), min_size=1, max_size=5))
def test_nothing_ever_lands_outside(parts: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        out = root / "deep" / "out"
        out.mkdir(parents=True)
        path = archive(root, "/".join(parts))
        before = {one for one in root.rglob("*") if out not in one.parents}
        with contextlib.suppress(UnpackError, OSError):
            unpack(path, out)
        assert {one for one in root.rglob("*") if out not in one.parents} == before


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_what_is_no_zip_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(UnpackError, match=r"x\.zip is damaged"):
        unpack(path, tmp_path)


def test_a_damaged_member_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path, "a.txt")
    path.write_bytes(path.read_bytes().replace(b"data", b"dada"))
    with pytest.raises(UnpackError, match="damaged"):
        unpack(path, tmp_path)


def test_two_files_of_one_name_are_told(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            zipped.writestr("a", b"2")
    (tmp_path / "x.zip").write_bytes(out.getvalue())
    with pytest.raises(UnpackError, match="damaged"):
        unpack(tmp_path / "x.zip", tmp_path)


def test_a_staged_folder_appears_whole(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "pandas"
    with staged(folder, "id") as part:
        (part / "a").touch()
        assert not folder.exists()
    assert sorted(path.name for path in folder.iterdir()) == [MARKER, "a"]
    check_target(folder)


def test_an_error_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "pandas"
    with staged(folder, "id") as part:
        (part / "old").touch()
    with pytest.raises(IsADirectoryError), staged(folder, "id") as part:
        part.write_bytes(b"")  # a folder cannot be written to
    assert sorted(path.name for path in tmp_path.rglob("*")) == [MARKER, "old", "pandas"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_not_ours_is_never_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "pandas"
    if kind == "file":
        target.touch()
    else:
        target.mkdir()
    with pytest.raises(TargetError, match="was not made by this command"):
        check_target(target)
    with pytest.raises(TargetError), staged(target, "id"):
        pass
    assert target.exists()


def test_a_place_where_no_folder_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match=r"out/pets cannot be made: .*file is no folder that can be written; .*--out"):
        check_target(tmp_path / "file" / "out" / "pets")
    check_target(tmp_path / "not" / "yet" / "there")
    assert not (tmp_path / "not").exists()
