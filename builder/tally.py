"""Counting rows as they go by: what a report is made of."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Self

from builder.rows import ImageRow, Verdict

_counted = attrgetter("label", "verdict", "reason", "engine", "split", "format", "licence")

type _Kind = tuple[str, Verdict, str | None, str, str | None, str | None, str | None]


@dataclass
class Counts:
    """How many rows there are of each kind, and the bytes of their images. Kinds are few, however many the rows."""

    images: dict[_Kind, int] = field(default_factory=dict)
    bytes: dict[_Kind, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[ImageRow]) -> Self:
        """Of all these rows."""
        made = cls()
        for row in rows:
            made.add(row)
        return made

    def add(self, row: ImageRow) -> None:
        """Count one row."""
        kind: _Kind = _counted(row)
        self.images[kind] = self.images.get(kind, 0) + 1
        self.bytes[kind] = self.bytes.get(kind, 0) + (row.size_bytes or 0)

    def __iter__(self) -> Iterator[tuple[_Kind, int, int]]:
        """Each kind with the number of its images and of their bytes, in the order in which kinds came."""
        return ((kind, count, self.bytes[kind]) for kind, count in self.images.items())


@dataclass
class Tally:
    """Figures of a dataset, or of one of its labels."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)  # by source
    accepted: Counter[str] = field(default_factory=Counter)  # by source
    bytes: int = 0

    def add(self, kind: _Kind, count: int, size: int) -> None:
        """Take in all rows of one kind."""
        _, verdict, reason, engine, split, image_format, licence = kind
        self.verdicts[verdict] += count
        self.found[engine] += count
        if verdict != "accepted":
            self.reasons[reason or verdict] += count
            return
        self.accepted[engine] += count
        self.bytes += size
        self.splits[split or ""] += count
        self.formats[image_format or ""] += count
        self.licences[licence or ""] += count
