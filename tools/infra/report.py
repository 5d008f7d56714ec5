"""What a check says: where, which kind of fault, and what is wrong."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file."""

    path: Path
    line: int


@dataclass(frozen=True, order=True)
class Finding:
    """One fault; `kind` names the check that found it."""

    place: Place
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.place.path}:{self.place.line}: {self.kind}: {self.message}"


class Report:
    """Findings as they are made; the same one, met again in another environment, counts once."""

    def __init__(self) -> None:
        self.found: set[Finding] = set()

    def add(self, kind: str, place: Place, message: str) -> None:
        """Add one finding."""
        self.found.add(Finding(place, kind, message))

    def sorted(self) -> list[Finding]:
        """Return what was found, in the order of files and lines."""
        return sorted(self.found)
