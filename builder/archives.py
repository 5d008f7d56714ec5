"""The images in a file that somebody hands in: a zip, a tar, or one image. Nothing about it is trusted."""

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from builder.archive_limits import ArchiveLimits, Budget, Source
from builder.archive_member import Member, damaged
from builder.archive_names import PassedOver, is_named_archive, is_named_image, name_fault, plain_name
from builder.archive_tar import is_tar, tar_members
from builder.archive_zip import zip_members
from builder.errors import ArchiveError
from builder.formats import sniff

HEAD_BYTES = 4_096
_PIECE_BYTES = 1 << 20

_PACKED = ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\0", "xz"))
_CLOSED = ((b"\x28\xb5\x2f\xfd", "zstd"), (b"Rar!", "rar"), (b"7z\xbc\xaf\x27\x1c", "7z"))
_ZIP = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an archive: the bytes of an image, or why it was passed over."""

    name: str  # relative, with `/`; only a name that was taken is safe to use
    data: bytes = b""
    passed_over: PassedOver | None = None


def read_images(file: BinaryIO, filename: str, limits: ArchiveLimits | None = None) -> Iterator[Entry]:
    """Every entry of a seekable file in its order, one image in memory at a time.

    What the file is, its bytes say and not its name: a zip, a tar (plain, gz, bz2, xz), or one image, which is then
    called `filename`. An entry is taken for an image by its ending or by its first bytes; whether it is one is for
    `builder.validate` to say. No name leads out of a folder, none comes twice. Raises `ArchiveError` for a file that
    cannot be used as a whole, at the latest when `limits` are reached: what came before is then to be thrown away.
    """
    limits = limits or ArchiveLimits()
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(HEAD_BYTES)
    budget = Budget(limits, size)
    if head.startswith(_ZIP):
        return _entries(zip_members(file, limits, budget), limits)
    packing = next((name for signature, name in _PACKED if head.startswith(signature)), None)
    if packing is not None or is_tar(head):
        return _entries(tar_members(file, packing or "", budget), limits)
    return _one_image(file, head, size, filename, limits)


def _one_image(file: BinaryIO, head: bytes, size: int, filename: str, limits: ArchiveLimits) -> Iterator[Entry]:
    closed = next((name for signature, name in _CLOSED if head.startswith(signature)), None)
    if closed is not None:
        raise ArchiveError(
            "unsupported", f"{closed} archives are not opened: send a zip, tar, tar.gz, tar.bz2 or tar.xz"
        )
    found = sniff(head)
    if found.format is None and not found.refused:
        message = f"this is {found.name}, neither a zip, a tar nor an image: send one of these"
        raise ArchiveError("not_an_archive", message)
    if size > limits.entry_bytes:
        raise ArchiveError("too_many_bytes", f"an image may have {limits.entry_bytes:,} bytes: send a smaller one")
    file.seek(0)
    name = plain_name(filename.replace("\\", "/").rpartition("/")[2])
    return iter((Entry("image" if name_fault(name) else name, file.read()),))


_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RecursionError,
    ValueError,
)
"""What the libraries raise for bytes that make no sense to them."""


def _entries(members: Iterator[Member], limits: ArchiveLimits) -> Iterator[Entry]:
    try:
        yield from _told(members, limits)
    except ArchiveError:
        raise
    except _BROKEN as error:
        raise damaged(str(error) or type(error).__name__) from error


def _told(members: Iterator[Member], limits: ArchiveLimits) -> Iterator[Entry]:
    seen: set[str] = set()
    for number, member in enumerate(members, start=1):
        if number > limits.entries:
            raise ArchiveError("too_many_entries", f"it has over {limits.entries:,} entries: cut it into several")
        name = plain_name(member.name)
        fault = _fault(member, name, seen)
        if fault is None:
            seen.add(name)
            yield _read(name, member.open(), limits.entry_bytes)
        else:
            yield Entry(name, passed_over=fault)


def _fault(member: Member, name: str, seen: set[str]) -> PassedOver | None:
    """What can be said against an entry before it is opened. A name tells most of all about who made the entry."""
    fault = name_fault(name)
    if fault is None:
        fault = member.fault or ("duplicate_name" if name in seen else None)
    elif member.fault == "directory" and fault == "unreadable_name" and not name:
        fault = "directory"  # `./`
    if fault is None and member.size == 0:
        fault = "empty"
    return fault or ("nested_archive" if is_named_archive(name) else None)


def _read(name: str, source: Source, most: int) -> Entry:
    data = bytearray(source.read(HEAD_BYTES))
    if not is_named_image(name):
        found = sniff(bytes(data))
        if bytes(data).startswith((*_ZIP, *(signature for signature, _ in (*_PACKED, *_CLOSED)))):
            return Entry(name, passed_over="nested_archive")
        if found.format is None and not found.refused:
            return Entry(name, passed_over="not_an_image_file")
    while len(data) <= most and (piece := source.read(_PIECE_BYTES)):
        data += piece
    return Entry(name, passed_over="too_large") if len(data) > most else Entry(name, bytes(data))
