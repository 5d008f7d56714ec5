"""The image files of a folder, found by the endings of their names, in a stable order."""

import os
from collections.abc import Iterator
from pathlib import Path

_LET_IN = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".avif")
_OTHERS = (".avifs", ".heic", ".heif", ".hif", ".svg", ".ico", ".jp2", ".jxl", ".psd")
ENDINGS = frozenset((*_LET_IN, *_OTHERS))
"""In lower case; those of types that are refused by name too, so that it is said of them."""


def image_files(root: Path, *, links: bool = True) -> Iterator[str]:
    """Paths below `root`, relative to it with `/`, sorted within each folder; hidden files and folders are left out.

    Links to folders are not followed; `links` says whether links to files count. Memory is bounded by one folder's
    names. Raises `OSError` for a folder that cannot be read, `NotADirectoryError` when `root` is no folder.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder")
    yield from _below(str(root), "", links)


def _below(folder: str, prefix: str, links: bool) -> Iterator[str]:
    with os.scandir(folder) as entries:
        shown = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in shown:
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, f"{prefix}{entry.name}/", links)
        elif os.path.splitext(entry.name)[1].lower() in ENDINGS and entry.is_file(follow_symlinks=links):  # noqa: PTH122
            yield prefix + entry.name
