import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.store import LocalFolder

# What every folder promises is tested for this one and the blob folder alike in tests/shared/test_blobs.py.


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = LocalFolder(tmp_path / "inside")
    with pytest.raises(ValueError, match="leads out of the folder"):
        folder.write(name, b"x")
    with pytest.raises(ValueError, match="leads out of the folder"):
        folder.read(name)


def test_half_written_files_are_not_listed(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    folder.write("whole", b".")
    (tmp_path / "half.part").write_bytes(b".")
    assert list(folder.names()) == ["whole"]


def test_clearing_removes_the_folder_itself(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "inside")
    folder.write("a/b", b".")
    folder.clear()
    assert not folder.root.exists()


def test_what_could_not_be_written_to_its_end_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    folder.write("whole", b"before")

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        folder.write("whole", broken())
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    assert folder.read("whole") == b"before"
