"""A zip, piece by piece, with sizes in front of the data: what every reader understands, streaming ones too."""

import io
import tempfile
import zipfile
from collections.abc import Buffer, Iterable, Iterator

from builder.store import pieces

_IN_MEMORY_BYTES = 16 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can tell."""


class _Window(io.RawIOBase):
    """A file of which only the end is kept: `zipfile` goes back to an entry's header, never further."""

    def __init__(self) -> None:
        self._base = 0
        self._buffer = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - lives as long as the window

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._base + self._buffer.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_SET:
            offset -= self._base
        return self._base + self._buffer.seek(offset, whence)

    def write(self, data: Buffer, /) -> int:
        return self._buffer.write(data)

    def take(self) -> Iterator[bytes]:
        """Hand over what is there, and forget it."""
        size = self._buffer.seek(0, io.SEEK_END)
        self._buffer.seek(0)
        yield from pieces(self._buffer)
        self._base += size
        self._buffer.seek(0)
        self._buffer.truncate()


def zip_chunks(entries: Iterable[tuple[str, bytes | Iterable[bytes]]]) -> Iterator[bytes]:
    """A zip of `entries` (name, bytes or pieces), stored uncompressed: images do not shrink further.

    The same entries give the same bytes: dates and modes are fixed. At most one entry is held at a time, on disk when
    it is above 16 MB. ZIP64 is used where the format needs it (above 4 GiB or 65,535 entries).
    """
    window = _Window()
    with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, wherever this runs
            info.external_attr = 0o100644 << 16
            if isinstance(content, bytes):
                archive.writestr(info, content)
            else:
                # How long it gets is not known when its header is written.
                with archive.open(info, "w", force_zip64=True) as file:
                    for piece in content:
                        file.write(piece)
            yield from window.take()
    yield from window.take()
