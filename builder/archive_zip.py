"""Zip archives from strangers: the directory is measured before it is read, entries may not share bytes."""

import stat
import struct
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from builder.archive_limits import ArchiveLimits, Budget, Counted
from builder.archive_member import Member, damaged
from builder.archive_names import PassedOver
from builder.errors import ArchiveError

MAX_RECORD_BYTES = 400
"""Of an entry in the directory, on average over all that there may be: name, comment and extra fields."""

_END, _END_BYTES = b"PK\5\6", 22
_LOCATOR, _LOCATOR_BYTES = b"PK\6\7", 20
_END_64, _END_64_BYTES = b"PK\6\6", 56
_RECORD, _RECORD_BYTES = b"PK\1\2", 46
_LOCAL_BYTES = 30
_MAX_COMMENT = 0xFFFF
_ENCRYPTED, _UTF_8 = 0x1 | 0x40, 0x800
_OPENED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Nearly all zips; the decoders of the others cannot be kept from taking memory."""


def zip_members(file: BinaryIO, limits: ArchiveLimits, budget: Budget) -> Iterator[Member]:
    """The entries in the order of the directory, each to be read before the next is asked for.

    Raises `ArchiveError`: too many entries (before any of them is read), entries that share bytes, more bytes than may
    be unpacked, a directory that is cut off or broken, names that are not UTF-8 though they say so. What else is
    broken raises as `zipfile` does.
    """
    start, size = _directory(file)
    _check_count(file, start, size, limits.entries)
    with _opened(file) as archive:
        entries = archive.infolist()
        _check_apart(entries, start)
        for entry in entries:
            yield _member(archive, entry, budget)


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError as error:
        message = "a file's name is marked as UTF-8 and is not: pack the files again with another program"
        raise ArchiveError("unreadable_names", message) from error


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Member:
    return Member(
        name=_name(entry),
        size=entry.file_size,
        fault=_fault(entry),
        open=lambda: Counted(archive.open(entry), budget),
    )


def _name(entry: zipfile.ZipInfo) -> str:
    """The name; programs that do not say which encoding they use mostly write UTF-8 today."""
    name = entry.orig_filename
    if entry.flag_bits & _UTF_8:
        return name
    try:
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


def _fault(entry: zipfile.ZipInfo) -> PassedOver | None:
    mode = entry.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "link"
    if entry.filename.endswith("/") or stat.S_ISDIR(mode):
        return "directory"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return "special_file"
    if entry.flag_bits & _ENCRYPTED:
        return "encrypted"
    return None if entry.compress_type in _OPENED else "compression"


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Where the central directory begins and how long it is (APPNOTE 4.3.12 to 4.3.16), found as `zipfile` does."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _END_BYTES - _MAX_COMMENT))
    base = file.tell()
    tail = file.read()
    last = tail[-_END_BYTES:]
    place = len(tail) - _END_BYTES if last[:4] == _END and last[-2:] == b"\0\0" else tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_BYTES:
        raise damaged("its directory is missing")
    (size,) = struct.unpack_from("<L", tail, place + 12)
    before = base + place
    file.seek(max(0, before - _LOCATOR_BYTES - _END_64_BYTES))
    large = file.read(_LOCATOR_BYTES + _END_64_BYTES)
    if before >= len(large) and large[_END_64_BYTES:][:4] == _LOCATOR and large[:4] == _END_64:
        before -= len(large)
        (size,) = struct.unpack_from("<Q", large, 40)
    if size > before:
        raise damaged("its directory is cut off")
    return before - size, size


def _check_count(file: BinaryIO, start: int, size: int, most: int) -> None:
    """Walk over the directory without keeping any of it: what it says of its own length is not believed."""
    if size > most * MAX_RECORD_BYTES + _MAX_COMMENT:
        message = f"its directory is {size:,} bytes long: cut the archive into several"
        raise ArchiveError("too_many_entries", message)
    file.seek(start)
    directory = file.read(size)
    count = place = 0
    while place < size:
        if directory[place : place + 4] != _RECORD or size - place < _RECORD_BYTES:
            raise damaged("its directory cannot be read")
        place += _RECORD_BYTES + sum(struct.unpack_from("<3H", directory, place + 28))
        count += 1
        if count > most:
            raise ArchiveError("too_many_entries", f"it has over {most:,} entries: cut it into several")


def _check_apart(entries: list[zipfile.ZipInfo], end: int) -> None:
    """No byte may be of two entries: a small file could otherwise hold terabytes."""
    ordered = sorted((entry.header_offset, _LOCAL_BYTES + entry.compress_size) for entry in entries)
    for (offset, size), (following, _) in pairwise([*ordered, (end, 0)]):
        if offset < 0 or offset + size > following:
            raise ArchiveError("overlapping", "its entries share bytes, as no program packs them: pack the files again")
