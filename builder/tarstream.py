"""A tar, member by member, as bytes: the same members always give the same tar."""

import tarfile

HEADER_BYTES = 512
"""What precedes a member's data."""

END = bytes(2 * tarfile.BLOCKSIZE)
"""Closes a tar (POSIX.1-1988: two blocks of zeros)."""

_BLANK = tarfile.TarInfo().tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
_AFTER_NAME, _AFTER_SIZE, _AFTER_CHECKSUM = _BLANK[100:124], _BLANK[136:148], _BLANK[156:]
_SUM = sum(_AFTER_NAME) + sum(_AFTER_SIZE) + sum(_AFTER_CHECKSUM) + 8 * ord(" ")
"""Of the bytes that are the same in every header; the checksum counts itself as spaces."""

_NAME_BYTES = 100
_SIZE_LIMIT = 8 << 30  # eleven octal digits


def header(name: str, size: int) -> bytes:
    """The header of one regular file of `size` bytes; `name` is ASCII and at most 100 characters (ValueError).

    USTAR with fixed owner, mode and date, so that it is one block and nothing depends on when or where it is written.
    Only name, size and checksum are filled in: `tarfile` needs ten times as long to do all of it again.
    """
    encoded = name.encode("ascii")
    if len(encoded) > _NAME_BYTES or not 0 <= size < _SIZE_LIMIT:
        msg = f"a tar's header has no room for {name!r} of {size} bytes"
        raise ValueError(msg)
    length = b"%011o\0" % size
    checksum = b"%06o\0 " % (_SUM + sum(encoded) + sum(length))
    return b"".join((encoded.ljust(_NAME_BYTES, b"\0"), _AFTER_NAME, length, _AFTER_SIZE, checksum, _AFTER_CHECKSUM))


def padding(size: int) -> bytes:
    """What follows `size` bytes of data, up to the next block."""
    return bytes(-size % tarfile.BLOCKSIZE)


def member(name: str, data: bytes) -> bytes:
    """Header, data and padding of one regular file; for `name` see `header`."""
    return b"".join((header(name, len(data)), data, padding(len(data))))
