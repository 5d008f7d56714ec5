"""Unpacks a downloaded dataset, and never outside of its folder."""

import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

MARKER = ".pixcrawler"
"""A file in every folder unpacked here: what it holds may be replaced by a later run."""


class UnpackError(Exception):
    """The archive cannot be unpacked; the message says why."""


class TargetError(Exception):
    """The dataset cannot go where it should: something is there that must not be replaced, or it cannot be written."""


def check_target(folder: Path) -> None:
    """TargetError if `folder` is there and was not put there by this module, or cannot be made."""
    if folder.exists() and not (folder / MARKER).is_file():
        msg = f"{folder} is there already and was not made by this command: move it away, or give the dataset a --name"
        raise TargetError(msg)
    above = next(one for one in folder.absolute().parents if one.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        msg = f"{folder} cannot be made: {above} is no folder that can be written; name another with --out"
        raise TargetError(msg)


@contextmanager
def staged(folder: Path, marker: str) -> Iterator[Path]:
    """An empty folder to fill; on leaving it takes the place of `folder`, and after an error nothing has changed."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        (part / MARKER).write_text(f"{marker}\n")
        check_target(folder)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def unpack(archive: Path, folder: Path) -> int:
    """Unpack a zip into an existing folder; returns the number of files.

    UnpackError if it is no whole zip, or if a name leads out of the folder ("zip slip"): nothing is unpacked then.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [member for member in zipped.infolist() if not member.is_dir()]
            for member in members:
                _check(member)
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with zipped.open(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, EOFError, FileExistsError, NotADirectoryError) as error:
        msg = f"{archive.name} is damaged: {error}"
        raise UnpackError(msg) from error
    return len(members)


def _check(member: zipfile.ZipInfo) -> None:
    """Refuse absolute names, drives, `..` and links (Unix mode in the upper half of the external attributes)."""
    name = PurePosixPath(member.filename)
    link = stat.S_ISLNK(member.external_attr >> 16)
    drive = any(":" in part for part in name.parts[:1])
    if name.is_absolute() or ".." in name.parts or "\\" in member.filename or drive or link:
        msg = f"the archive holds {member.filename!r}, which leads out of its folder: nothing was unpacked"
        raise UnpackError(msg)
