"""How much of an archive is unpacked at most: bytes are counted while they come, whatever its headers claim."""

from dataclasses import dataclass
from typing import Protocol

from builder.errors import ArchiveError
from builder.raw import MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold. `ratio`: decoded over packed bytes, over all of it; up to `harmless_bytes` nothing is
    a bomb, for a few flat bitmaps pack a thousandfold."""

    entries: int = 50_000
    decoded_bytes: int = 1_000_000_000
    entry_bytes: int = MAX_BODY_BYTES
    ratio: int = 100
    harmless_bytes: int = 50_000_000


class Source(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none at the end."""


class Budget:
    """The bytes that may still be decoded."""

    def __init__(self, limits: ArchiveLimits, packed_bytes: int) -> None:
        self._limits = limits
        self._packed = packed_bytes
        self._decoded = 0

    def take(self, count: int) -> None:
        """Count decoded bytes; `ArchiveError` as soon as they are too many."""
        self._decoded += count
        decoded, limits = self._decoded, self._limits
        if decoded > max(limits.harmless_bytes, limits.ratio * self._packed):
            message = f"it unpacks to over {limits.ratio} times its size, as no images do: pack the images alone"
            raise ArchiveError("bomb", message)
        if decoded > limits.decoded_bytes:
            message = f"it unpacks to over {limits.decoded_bytes:,} bytes: cut it into several"
            raise ArchiveError("too_many_bytes", message)


class Counted:
    """A source whose bytes are counted in a budget."""

    def __init__(self, source: Source, budget: Budget) -> None:
        self._source = source
        self._budget = budget

    def read(self, size: int = -1) -> bytes:
        """See `Source.read`."""
        data = self._source.read(size)
        self._budget.take(len(data))
        return data
