"""Names of files in archives: which are taken, which are passed over and why, and what folders say."""

import re
import unicodedata
from typing import Literal

PassedOver = Literal[
    "directory",
    "hidden",  # dotfiles, __MACOSX, Thumbs.db: made by the system, not by people
    "unsafe_path",  # absolute, with a drive, with backslashes, or leading upwards
    "unreadable_name",  # not in the encoding of the archive, with control characters, or far too long
    "duplicate_name",  # the first of that name is taken
    "link",  # symbolic or hard
    "special_file",  # device, pipe, sparse file
    "encrypted",
    "compression",  # by a method that is not opened
    "empty",  # no byte in it
    "too_large",  # longer than one image may be
    "nested_archive",  # archives in archives stay closed
    "not_an_image_file",  # an image neither by its name nor by its first bytes
]
"""Why an entry of an archive is not taken."""

MAX_NAME_BYTES = 500

_DRIVE = re.compile(r"[A-Za-z]:")
_SYSTEM = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
_IMAGE = frozenset(
    {"jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "svg", "ico"}
)
_ARCHIVE = frozenset({"zip", "tar", "tgz", "gz", "tbz2", "bz2", "txz", "xz", "zst", "7z", "rar", "jar", "cbz", "cbr"})


def plain_name(name: str) -> str:
    """The name without what means nothing in it: `./`, doubled slashes, a slash at the end."""
    kept = [part for part in name.split("/") if part not in {"", "."}]
    return ("/" if name.startswith("/") else "") + "/".join(kept)


def name_fault(name: str) -> PassedOver | None:
    """Why nothing of that name (as `plain_name` gives it) is taken; None when it may be."""
    if not name or any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        return "unreadable_name"
    if len(name.encode()) > MAX_NAME_BYTES:
        return "unreadable_name"
    parts = name.split("/")
    if "\\" in name or name.startswith("/") or _DRIVE.match(name) or ".." in parts:
        return "unsafe_path"
    if any(part.startswith(".") or part.lower() in _SYSTEM for part in parts):
        return "hidden"
    return None


def folders(name: str) -> tuple[str, ...]:
    """The folders that a file is in, the nearest first."""
    return tuple(reversed(name.split("/")[:-1]))


def is_named_image(name: str) -> bool:
    """Whether the name's ending is that of an image."""
    return _ending(name) in _IMAGE


def is_named_archive(name: str) -> bool:
    """Whether the name's ending is that of an archive."""
    return _ending(name) in _ARCHIVE


def _ending(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2].lower()
