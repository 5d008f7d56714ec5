"""What a build's parent process and its workers tell each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.guard import AddressGuard
from builder.limits import FetchLimits
from builder.manners import Manners
from builder.rows import Candidate, Verdict
from builder.spec import ImageSpec

Stage = Literal["searching", "fetching", "deduplicating", "describing", "exporting", "done"]

ROWS = "rows"
"""The folder of the journals' rows, in the build's."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of work: candidates of one label, at most `builder.rounds.SHARD_SIZE` of them."""

    slug: str
    number: int
    candidates: tuple[Candidate, ...]
    crashes: tuple[int, ...] = ()  # indices of candidates that a worker died of, or was lost in, twice


@dataclass(frozen=True, slots=True)
class Delta:
    """How far a slice has come: all of its candidates that have a row, those of an earlier run too."""

    slug: str
    number: int
    verdicts: dict[Verdict, int]
    fetched_bytes: int  # of all slices, since the last message


@dataclass(frozen=True, slots=True)
class Finished:
    """A slice whose journal is complete."""

    slug: str
    number: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that another try will not mend: the build has to stop. `different`: the folder is of another build."""

    message: str
    different: bool = False


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a worker needs to know."""

    root: Path
    image: ImageSpec
    turned: bool
    limits: FetchLimits
    guard: AddressGuard
    manners: Manners
    ca_file: Path | None
