"""Which files of a folder count as images, and in which order."""

from pathlib import Path

import pytest

from builder.files import image_files


def test_endings_order_links_and_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/z.png", "a/b/c.webp", "a.svg", "notes.txt", ".hidden.jpg", ".git/x.jpg", "c.jpeg.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link.gif").symlink_to("b.JPG")
    (tmp_path / "gone.gif").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "folder.jpg").mkdir()
    assert list(image_files(tmp_path)) == ["a/b/c.webp", "a/z.png", "a.svg", "b.JPG", "link.gif"]
    assert list(image_files(tmp_path, links=False)) == ["a/b/c.webp", "a/z.png", "a.svg", "b.JPG"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(NotADirectoryError):
        list(image_files(tmp_path / "a.jpg"))
