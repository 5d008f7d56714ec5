"""What was measured, as it is kept in `results.json`: runs, criteria, steps, verdicts, and on what."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Result(BaseModel):
    """Base of all results: frozen, and closed to fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Run(Result):
    """One run of one contestant. `items` is what was given to it (URLs or files), `images` what it wrote."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    items: int
    images: int | None  # None: it writes none


Round = dict[str, Run]
"""The runs of one round by contestant, one right after the other."""


class Criterion(Result):
    """A ratio that is aimed at, and what came out: the ratio of every round, in order."""

    name: str
    aim: float
    at_least: bool  # else: at most
    ratios: tuple[float, ...]


class ContestResult(Result):
    """All rounds of one contest, when it began (UTC, ISO 8601), and how the machine was."""

    title: str
    began: str
    rounds: tuple[Round, ...]
    criteria: tuple[Criterion, ...]
    notes: tuple[str, ...] = ()


class Step(Result):
    """What one step of the builder does in one process, beside the least that it could cost."""

    name: str
    per_second: float  # images per second of CPU
    floor: str
    floor_per_second: float


class VerdictCell(Result):
    """How many pictures of a kind two tools said this of; empty: nothing was found wrong."""

    kind: str
    cleanvision: str
    builder: str
    pictures: int


class Machine(Result):
    """Where it was measured."""

    processor: str
    processors: int
    memory_bytes: int
    system: str
    python: str
    peers: dict[str, str]


class CorpusFacts(Result):
    """What was served."""

    source: str
    photographs: int
    pictures: int
    mean_bytes: float
    median_bytes: float
    largest_bytes: int
    near_duplicates: int


class ServerFacts(Result):
    """What served it, and how much it was seen to serve (requests per second) to two processes on this machine."""

    software: str
    http_per_second: float
    https_per_second: float


class Results(Result):
    """Everything; contests and steps that a run leaves out stay as they were."""

    machine: Machine
    corpus: CorpusFacts
    server: ServerFacts
    contests: dict[str, ContestResult] = {}
    steps: tuple[Step, ...] = ()
    verdicts: tuple[VerdictCell, ...] = ()


def load(path: Path) -> Results | None:
    """The results of earlier runs; None when there are none, or none of this form."""
    try:
        return Results.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def save(results: Results, path: Path) -> None:
    """Write them whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(results.model_dump_json(indent=1))
    partial.replace(path)
