"""What the API answers, as far as the client has a use for it; other fields are passed over."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from builder.remote.errors import ApiError

State = Literal["queued", "building", "ready", "incomplete", "failed", "cancelled", "deleting"]
FINAL: frozenset[State] = frozenset({"ready", "incomplete", "failed", "cancelled"})


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class LabelProgress(Answer):
    """How far one label is, in images; `reasons` counts the rejected, failed and duplicate ones."""

    label: str
    target: int
    found: int = 0
    fetched: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    duplicates: int = 0
    surplus: int = 0
    reasons: dict[str, int] = {}


class SourceFailure(Answer):
    """Why a source gave less than it might have: one of `builder.errors.SOURCE_FAILURES`, and a sentence."""

    kind: str
    message: str


class SourceProgress(Answer):
    """What one source gave for one label."""

    label: str
    source: str
    found: int = 0
    error: SourceFailure | None = None


class Progress(Answer):
    """All labels and sources."""

    labels: tuple[LabelProgress, ...] = ()
    sources: tuple[SourceProgress, ...] = ()


class Dataset(Answer):
    """A dataset and how far it is; in a list, and when it was just made, without its progress."""

    id: str
    name: str
    state: State
    stage: str | None = None
    error: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    progress: Progress = Progress()


class Datasets(Answer):
    """A page of datasets; `next` is the cursor of the one after it."""

    datasets: tuple[Dataset, ...]
    next: str | None = None


class Image(Answer):
    """A candidate and what became of it; `key` names it inside its dataset, sizes are in pixels and bytes."""

    key: str
    label: str
    url: str
    verdict: str
    reason: str | None = None
    detail: str | None = None
    duplicate_of: str | None = None
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    sha256: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None
    split: str | None = None


class Images(Answer):
    """A page of candidates; `next` is the cursor of the one after it."""

    images: tuple[Image, ...]
    next: str | None = None


class ExportFile(Answer):
    """One file of an export; `sha256` in hex."""

    name: str
    bytes: int
    sha256: str


class Export(Answer):
    """A complete export."""

    format: str
    files: tuple[ExportFile, ...]


class Exports(Answer):
    """All complete exports."""

    exports: tuple[Export, ...]


class Link(Answer):
    """Where a file can be downloaded without credentials, for some minutes."""

    url: str


class Cost(Answer):
    """A sum of money."""

    total: float
    currency: str


class Estimate(Answer):
    """What a build is expected to give and to cost."""

    images: int
    candidates: int
    rounds: int
    shards: int
    stored_bytes: int
    cost: Cost
    least_cost: float
    assumptions: tuple[str, ...] = ()


class Problem(Answer):
    """RFC 9457, with this API's list of what is wrong where."""

    class Fault(Answer):
        """A JSON pointer or parameter, and what is wrong with it."""

        pointer: str = ""
        detail: str = ""

    type: str = ""
    title: str = ""
    detail: str = ""
    errors: tuple[Fault, ...] = ()

    @property
    def kind(self) -> str:
        """The last part of the type."""
        return self.type.rpartition("/")[2]

    def __str__(self) -> str:
        """One line for people."""
        faults = "; ".join(f"{fault.pointer or 'request'}: {fault.detail}" for fault in self.errors)
        return " ".join(part for part in (self.detail or self.title, f"({faults})" if faults else "") if part)


def understood[A: Answer](model: type[A], content: bytes, asked: str) -> A:
    """The answer to what was `asked`; ApiError when it is none of this form."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, fault["loc"])) or "all of it"
    msg = f"the answer to {asked} is none that this client understands: {where}: {fault['msg']}"
    raise ApiError(msg)
