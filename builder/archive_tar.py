"""Tar archives from strangers, plain or packed, read as a stream: memory and bytes are bounded, nothing is skipped."""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Self

from builder.archive_limits import Budget, Counted, Source
from builder.archive_member import Member, damaged
from builder.archive_names import PassedOver

MAX_HEADER_BYTES = 128_000
"""Of an extended header (pax, GNU long name): they are read whole."""

MAX_GLOBAL_FIELDS = 100
"""What global pax headers say is kept until the end."""

XZ_MEMORY_BYTES = 128_000_000
"""`xz -9` needs 65 MB; the format would allow 4 GB."""

_PIECE_BYTES = 1 << 16
_EXTENDED = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
)


def tar_members(file: BinaryIO, packing: str, budget: Budget) -> Iterator[Member]:
    """The entries of a tar packed by `packing` ("", "gz", "bz2", "xz"), each to be read before the next is asked for.

    Everything unpacked is counted, what is passed over too. Raises `ArchiveError` for a file that is cut off (the end
    mark is missing) and for headers that are broken. What else is broken raises as `tarfile` and the decoders do.
    """
    source = Counted(_unpacked(file, packing), budget)
    with tarfile.open(fileobj=source, mode="r|", tarinfo=_Header, stream=True, errorlevel=2) as archive:  # type: ignore[call-overload]  # a `read` is all that it asks for
        for header in archive:
            if len(archive.pax_headers) > MAX_GLOBAL_FIELDS:
                raise damaged("too many global headers")
            yield _member(archive, header)


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so (512 bytes) is a tar that is not packed."""
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # an empty one: nothing but the end mark
        return True
    except tarfile.TarError:
        return False
    return True


class _Header(tarfile.TarInfo):
    """A header that ends the archive when it is broken: `tarfile` would take it for the end and say nothing."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if len(buf) < tarfile.BLOCKSIZE:
            raise damaged("its end is missing")
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # what every tar ends with
            raise
        except tarfile.HeaderError as error:
            raise damaged(str(error)) from error
        if header.size < 0 or (header.type in _EXTENDED and header.size > MAX_HEADER_BYTES):
            raise damaged("a header claims an impossible length")
        return header

    # Sparse files are passed over. Their maps, which `tarfile` would hold whole (a hundred bytes for each of yours, for
    # one that is packed well), are read and forgotten. The two methods are what it calls for them.

    def _proc_sparse(self, archive: tarfile.TarFile) -> Self:
        """An old GNU sparse file: blocks of its map follow its header; byte 504 of each says whether one more does."""
        source: Any = archive.fileobj
        _, more, _ = self._sparse_structs  # type: ignore[attr-defined]  # what `frombuf` of the base class left
        while more:
            block = source.read(tarfile.BLOCKSIZE)
            if len(block) < tarfile.BLOCKSIZE:
                raise damaged("its end is missing")
            more = bool(block[504])
        self.sparse = b""  # not None: it is a sparse file
        self.offset_data = source.tell()
        archive.offset = self.offset_data + -(-self.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        return self

    def _proc_gnusparse_10(self, header: tarfile.TarInfo, *_: object) -> None:
        """A pax sparse file of version 1.0: its map is the beginning of its data."""
        header.sparse = b""


class _Xz:
    """Decoded bytes of an .xz stream, with a bound on memory that `lzma.LZMAFile` has no way to set."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)

    def read(self, size: int, /) -> bytes:
        while not self._decoder.eof:
            packed = self._file.read(_PIECE_BYTES) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not packed:
                msg = "the packed stream is cut off"
                raise EOFError(msg)
            if data := self._decoder.decompress(packed, size):
                return data
        return b""


def _unpacked(file: BinaryIO, packing: str) -> Source:
    file.seek(0)
    match packing:
        case "gz":
            return gzip.GzipFile(fileobj=file)
        case "bz2":
            return bz2.BZ2File(file)
        case "xz":
            return _Xz(file)
        case _:
            return file


def _member(archive: tarfile.TarFile, header: tarfile.TarInfo) -> Member:
    if header.size < 0:
        raise damaged("an entry of negative length")

    def opened() -> Source:
        stream = archive.extractfile(header)
        assert stream is not None, "only regular files are opened"  # noqa: S101
        return stream

    return Member(name=header.name, size=header.size, fault=_fault(header), open=opened)


def _fault(header: tarfile.TarInfo) -> PassedOver | None:
    if header.issym() or header.islnk():
        return "link"
    if header.isdir():
        return "directory"
    return None if header.isreg() and not header.issparse() else "special_file"
