"""A tar, member by member, as bytes: the same members always give the same tar."""

import tarfile

HEADER_BYTES = 512
"""What precedes a member's data."""

END = bytes(2 * tarfile.BLOCKSIZE)
"""Closes a tar (POSIX.1-1988: two blocks of zeros)."""


def member(name: str, data: bytes) -> bytes:
    """Header, data and padding of one regular file; `name` is ASCII and at most 100 characters.

    USTAR with fixed owner, mode and date, so that its header is one block and nothing depends on when or where it is
    written.
    """
    info = tarfile.TarInfo(name)
    info.size = len(data)
    header = info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    return b"".join((header, data, bytes(-len(data) % tarfile.BLOCKSIZE)))
