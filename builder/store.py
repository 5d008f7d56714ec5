"""Where a dataset's files live: a folder with names, on disk here, in a blob container elsewhere."""

import shutil
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Protocol

PIECE_BYTES = 1 << 20

_PATHS = 1_000
"""Names whose paths are remembered: following links costs as much as reading 200 KB, and a shard is read often."""


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """What is left of an open file, piece by piece: what `Folder.write` takes."""
    while piece := file.read(PIECE_BYTES):
        yield piece


class Folder(Protocol):
    """Named bytes. Names are relative, with `/`; writing the same name again replaces it whole or not at all."""

    def read(self, name: str) -> bytes:
        """All bytes of `name`; FileNotFoundError if there is none."""

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`; FileNotFoundError if there is no such name."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of `name` in pieces, so that memory does not grow with the file."""

    def write(self, name: str, data: bytes | Iterable[bytes]) -> int:
        """Write bytes or a stream of pieces; returns how many bytes were written."""

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name."""

    def names(self, prefix: str = "") -> Iterator[str]:
        """Every name that starts with `prefix`, in order."""

    def delete(self, name: str) -> None:
        """Remove `name`; nothing happens if there is none."""


@lru_cache(_PATHS)
def _within(root: Path, name: str) -> Path:
    """The path of `name`, symbolic links followed; ValueError if that is not below `root`."""
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        msg = f"{name!r} leads out of the folder"
        raise ValueError(msg)
    return path


class LocalFolder:
    """A `Folder` on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, name: str) -> Path:
        return _within(self.root, name)

    def read(self, name: str) -> bytes:
        """See `Folder.read`."""
        return self._path(name).read_bytes()

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """See `Folder.read_range`."""
        with self.open(name) as file:
            file.seek(offset)
            return file.read(length)

    def open(self, name: str) -> IO[bytes]:
        """`name` opened for reading at many places, unbuffered; FileNotFoundError if there is none. Close it."""
        return self._path(name).open("rb", buffering=0)

    def chunks(self, name: str) -> Iterator[bytes]:
        """See `Folder.chunks`."""
        with self._path(name).open("rb") as file:
            yield from pieces(file)

    def write(self, name: str, data: bytes | Iterable[bytes]) -> int:
        """See `Folder.write`."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        written = 0
        try:
            with part.open("wb") as file:
                for piece in (data,) if isinstance(data, bytes) else data:
                    written += file.write(piece)
            part.replace(path)
        except BaseException:  # the disk may be full: half a file helps nobody
            part.unlink(missing_ok=True)
            raise
        return written

    def exists(self, name: str) -> bool:
        """See `Folder.exists`."""
        return self._path(name).is_file()

    def names(self, prefix: str = "") -> Iterator[str]:
        """See `Folder.names`."""
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())
        yield from sorted(name for name in found if name.startswith(prefix) and not name.endswith(".part"))

    def delete(self, name: str) -> None:
        """See `Folder.delete`."""
        self._path(name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)
