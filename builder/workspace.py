"""The folder of a build on one machine: its plan, what it found, and the journals of what was fetched."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from builder.errors import BuildInUseError, DifferentBuildError, NotADatasetError
from builder.report import SourceState
from builder.rounds import SearchState
from builder.rows import Candidate, ImageRow, Row
from builder.spec import DatasetSpec
from builder.store import LocalFolder
from builder.work import ROWS

PLAN = "plan.json"
ENDING = "ending.json"


class Plan(Row):
    """What was asked for. Of a `list` the labels are known only when it has been read: `spec` then has the one for
    rows without a label."""

    kind: Literal["search", "list", "rebuild"]
    spec: DatasetSpec
    created: date

    def fetches_the_same(self, other: "Plan") -> bool:
        """Whether both requests lead to the same candidates, kept in the same form."""
        mine, others = self.spec, other.spec
        return (
            self.kind == other.kind
            and mine.image == others.image
            and mine.dedupe.turned == others.dedupe.turned
            and mine.sources == others.sources
            and [(label.slug, label.queries, label.urls) for label in mine.labels]
            == [(label.slug, label.queries, label.urls) for label in others.labels]
        )


class Round(Row):
    """What one round of searching found for a label, and where its sources stand after it."""

    candidates: tuple[Candidate, ...]
    state: SearchState


class Ending(Row):
    """What a finished build knows that is in no other file: the request with all its labels, and how sources ended.

    While it is being described, `complete` is false: some of the files may be of an earlier decision.
    """

    spec: DatasetSpec
    states: tuple[SourceState, ...]
    complete: bool = True


class Workspace:
    """A build's folder. Raises NotADatasetError when it is asked for what is not there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = LocalFolder(root)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other processes out while in here; BuildInUseError when one is in. A process that dies lets go."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                msg = f"{self.root} is being built by another process: wait for it, or choose another folder"
                raise BuildInUseError(msg) from None
            yield

    def begin(self, plan: Plan) -> Plan:
        """Write the plan, or go on with the build that was begun with one of the same candidates; returns the plan that
        holds, with the day on which the build was begun.

        Raises DifferentBuildError when the folder holds another build, or files that are none.
        """
        if self.folder.exists(PLAN):
            before = self.plan()
            plan = plan.model_copy(update={"created": before.created})
            if not before.fetches_the_same(plan):
                msg = (
                    f"{self.root} holds the build of another request: choose another folder, or repeat the request "
                    "it was begun with (labels, queries, sources and image options decide; numbers may differ)"
                )
                raise DifferentBuildError(msg)
        elif any(path.name not in {".lock", f"{PLAN}.part"} for path in self.root.iterdir()):
            msg = f"{self.root} is not empty and holds no build: choose another folder"
            raise DifferentBuildError(msg)
        self.folder.write(PLAN, plan.model_dump_json(indent=2).encode())
        return plan

    def plan(self) -> Plan:
        """The plan of the build."""
        try:
            return Plan.model_validate_json(self.folder.read(PLAN))
        except FileNotFoundError:
            msg = f"{self.root} holds no dataset: its {PLAN} is missing"
            raise NotADatasetError(msg) from None
        except ValidationError as error:
            msg = f"{self.root}/{PLAN} cannot be read by this version ({error.error_count()} faults)"
            raise NotADatasetError(msg) from error

    def write_ending(self, ending: Ending) -> None:
        """Keep how the build ended."""
        self.folder.write(ENDING, ending.model_dump_json(indent=2).encode())

    def ending(self, *, complete: bool = True) -> Ending:
        """How the build ended; NotADatasetError when it has not, when its description is not `complete`, or when there
        is none."""
        try:
            ending = Ending.model_validate_json(self.folder.read(ENDING))
        except FileNotFoundError:
            self.plan()
            msg = f"{self.root} holds a build that did not come to its end: repeat the command that began it"
            raise NotADatasetError(msg) from None
        if complete and not ending.complete:
            msg = f"{self.root} was left while it was being described: repeat the command that was stopped"
            raise NotADatasetError(msg)
        return ending

    def write_round(self, slug: str, number: int, found: Round) -> None:
        """Keep what a round of searching found, before any of it is fetched."""
        self.folder.write(_round(slug, number), found.model_dump_json(exclude_defaults=True).encode())

    def rounds(self, slug: str) -> Iterator[Round]:
        """The rounds of a label that were searched, in order."""
        number = 1
        while self.folder.exists(_round(slug, number)):
            yield Round.model_validate_json(self.folder.read(_round(slug, number)))
            number += 1

    def rows(self, slug: str | None = None) -> Iterator[ImageRow]:
        """Every row that is there, or those of one label, in order of key; verdicts are as validation left them."""
        for lines in self.lines(slug):
            yield from sorted(map(ImageRow.model_validate_json, lines.splitlines()), key=_key)

    def lines(self, slug: str | None = None) -> Iterator[bytes]:
        """The same rows as JSON Lines, slice by slice; within each in the order in which they came."""
        for its, number in self.slices():
            if slug in {None, its}:
                data = (self.root / ROWS / f"{its}-{number:05}.jsonl").read_bytes()
                yield data[: data.rfind(b"\n") + 1]  # what was cut off by a full disk is no row

    def slices(self) -> Iterator[tuple[str, int]]:
        """Slug and number of every slice that has a journal, in the order of their names."""
        for name in sorted(path.stem for path in (self.root / ROWS).glob("*.jsonl")):
            slug, _, number = name.rpartition("-")
            yield slug, int(number)


_key = attrgetter("key")


def _round(slug: str, number: int) -> str:
    return f"candidates/{slug}-{number:03}.json"
