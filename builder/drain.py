"""A file to write to whose bytes are taken away as they come: turns writers into generators."""

import io
from collections.abc import Buffer


class Drain(io.RawIOBase):
    """Collects what is written until `take`. Tells its position, cannot seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Bytes written since the beginning."""
        return self._written

    def write(self, data: Buffer, /) -> int:
        """Keep a copy of `data` until it is taken."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
