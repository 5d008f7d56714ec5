"""A zip, piece by piece, with sizes in front of the data: what every reader understands, streaming ones too."""

import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO

from builder.store import pieces

_IN_MEMORY_BYTES = 4 << 20
"""Of an entry whose length is not known beforehand, and of the directory; more than that waits on disk."""

_TOLD_32, _TOLD_16 = 0xFFFFFFFF, 0xFFFF
"""What a field of that size says when the value is in the ZIP64 record instead."""

_LIMIT_32, _LIMIT_16 = _TOLD_32, _TOLD_16
"""From here on it is."""

_MADE_BY_UNIX = 3 << 8 | 45
_VERSION, _VERSION_64 = 20, 45  # that is needed to read: 2.0, and 4.5 for ZIP64
_UTF_8_NAME = 1 << 11
_EPOCH = 1 << 5 | 1
"""1980-01-01, the earliest date that a zip can tell, in MS-DOS form; the time is 0."""

_REGULAR_FILE = 0o100644 << 16


def zip_chunks(entries: Iterable[tuple[str, bytes | Iterable[bytes]]]) -> Iterator[bytes]:
    """A zip of `entries` (name, bytes or pieces), stored uncompressed: images do not shrink further.

    The same entries give the same bytes: dates and modes are fixed. ZIP64 is used where the format needs it (above
    4 GiB or 65,535 entries). Layout: PKWARE APPNOTE 6.3.10. It is written here because `zipfile` keeps an object of
    about a kilobyte for every entry until the end and copies the data several times: here the directory waits as
    bytes, on disk when it is long, and what is given as bytes passes through untouched.
    """
    offset = count = 0
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as directory:
        for name, content in entries:
            with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
                size, crc = _measure(content, spool)
                header, record = _headers(name.encode(), size, crc, offset)
                if isinstance(content, bytes):
                    yield header + content
                else:
                    yield header
                    yield from pieces(spool)
            directory.write(record)
            offset += len(header) + size
            count += 1
        length = directory.tell()
        directory.seek(0)
        yield from pieces(directory)
    yield _end(count, length, offset)


def _measure(content: bytes | Iterable[bytes], spool: IO[bytes]) -> tuple[int, int]:
    """Length and CRC-32; pieces are kept in `spool`, which is left at its beginning."""
    if isinstance(content, bytes):
        return len(content), zlib.crc32(content)
    crc = 0
    for piece in content:
        crc = zlib.crc32(piece, crc)
        spool.write(piece)
    size = spool.tell()
    spool.seek(0)
    return size, crc


def _headers(name: bytes, size: int, crc: int, offset: int) -> tuple[bytes, bytes]:
    """The local header in front of an entry (4.3.7), and its record in the directory (4.3.12)."""
    large, far = size >= _LIMIT_32, offset >= _LIMIT_32
    version = _VERSION_64 if large or far else _VERSION
    told, place = _TOLD_32 if large else size, _TOLD_32 if far else offset
    flags = 0 if name.isascii() else _UTF_8_NAME
    common = struct.pack("<5H3L", version, flags, 0, 0, _EPOCH, crc, told, told)
    sizes = (size, size) if large else ()
    extra_local, extra = _zip64(sizes), _zip64((*sizes, offset) if far else sizes)
    local = b"".join((b"PK\3\4", common, struct.pack("<2H", len(name), len(extra_local)), name, extra_local))
    rest = struct.pack("<5H2L", len(name), len(extra), 0, 0, 0, _REGULAR_FILE, place)
    return local, b"".join((b"PK\1\2", struct.pack("<H", _MADE_BY_UNIX), common, rest, name, extra))


def _zip64(values: tuple[int, ...]) -> bytes:
    """The extra field with what is too large for 32 bits (4.5.3)."""
    return struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def _end(count: int, length: int, offset: int) -> bytes:
    """What closes a zip: the record that says where the directory is (4.3.16), with ZIP64's in front where needed
    (4.3.14, 4.3.15)."""
    if count < _LIMIT_16 and length < _LIMIT_32 and offset < _LIMIT_32:
        return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, length, offset, 0)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, _MADE_BY_UNIX, _VERSION_64, 0, 0, count, count, length, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, offset + length, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, _TOLD_16, _TOLD_16, _TOLD_32, _TOLD_32, 0)
    return record + locator + end
