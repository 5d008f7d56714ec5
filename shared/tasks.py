"""What orchestrators hand to activities and get back: small, frozen, JSON."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Traceparent = Annotated[str | None, Field(exclude_if=lambda given: given is None)]
"""The trace that the work belongs to (W3C trace context): it changes nothing of what is done."""


LABELS_A_PAGE = 100
"""Of labels that are collected at the same time: with slugs of 64 characters a page is 15 KB at most, and so many
sub-orchestrations wait in one history."""
_FEW_SHARDS = 8


LATE_SHARDS_TOGETHER = 10
"""Validated by one activity: where validation lags behind, nearly all are late, and each for itself would cost two
actions."""


def shards_a_fetch(count: int) -> int:
    """How many shards one activity fetches in a round of this many.

    Two cost half as many actions of the scheduler as one; a short round is sooner done when each goes by itself.
    """
    return 1 if count <= _FEW_SHARDS else 2


class Task(BaseModel):
    """Base: which dataset, and whose."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    owner: str
    dataset: str
    traceparent: Traceparent = None


class Plan(BaseModel):
    """What is to be built now."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    labels: dict[str, int]  # slug -> images wanted
    exports: tuple[str, ...]
    shard_wait_seconds: int
    max_rounds: int
    rounds: dict[str, int] = {}  # slug -> the first round of this search; the first of all where nothing is told
    merge: bool = False  # images are copied out of other datasets


class Outline(BaseModel):
    """What the orchestrator needs of the plan. It reads no setting itself, so that a replay takes the same way.

    Labels are told page by page: a thousand names are too much for one message.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    pages: tuple[int, ...]  # of labels to collect
    exports: tuple[str, ...]
    shard_wait_seconds: int
    max_rounds: int
    merge: bool = False  # images are copied out of other datasets


class PageTask(Task):
    """A page of the labels that are to be collected now."""

    page: int


class WantedPage(BaseModel):
    """The labels of a page: how many images each is to have."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    needs: dict[str, int]  # slug -> distinct images
    rounds: dict[str, int] = {}  # slug -> the first round of this search, where it is not the first of all


class CollectPageTask(PageTask):
    """Collect the labels of a page, for the time `number`; `rounds`: where each goes on after the times before."""

    number: int
    rounds: dict[str, int] = {}  # slug -> round
    max_rounds: int
    shard_wait_seconds: int


class CollectTask(Task):
    """Collect images of one label, from round `round` on, until `need` distinct ones are there."""

    label: str  # slug
    need: int
    round: int
    max_rounds: int
    shard_wait_seconds: int


class SearchTask(Task):
    """One round of searching."""

    label: str
    need: int
    round: int


class Searched(BaseModel):
    """What a round of searching gave: shards `first` to `first + count - 1` to fetch."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    first: int = 0
    count: int = 0
    dry: bool = False
    stopped: bool = False  # the dataset is no longer being built


class ShardTask(Task):
    """One shard to fetch or to validate. `instance` is the orchestration that waits for it."""

    label: str
    round: int
    number: int
    instance: str


class FetchTask(Task):
    """Shards of one round to fetch, one after the other: `first` to `first + count - 1`."""

    label: str
    round: int
    first: int
    count: int
    instance: str

    def shards(self) -> list[ShardTask]:
        """Each of them, as a task."""
        base = self.model_dump(exclude={"first", "count"})
        return [ShardTask(**base, number=number) for number in range(self.first, self.first + self.count)]


class LateTask(Task):
    """Shards of one round that nobody told of: to be validated, one after the other."""

    label: str
    round: int
    numbers: tuple[int, ...]
    instance: str

    def shards(self) -> list[ShardTask]:
        """Each of them, as a task."""
        base = self.model_dump(exclude={"numbers"})
        return [ShardTask(**base, number=number) for number in self.numbers]


FetchOutcome = Literal["fetched", "found", "done"]
"""fetched: the raw shard was written now; found: it was there; done: the shard needs no validation any more."""


class Collected(BaseModel):
    """How far a label is after its rounds."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    label: str
    round: int  # the next one
    dry: bool


class ExportTask(Task):
    """One export to write."""

    format: str


class Gathered(BaseModel):
    """How many shards a merge copies out of other datasets, and how many of them one activity copies."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    shards: int
    together: int

    def tasks(self, task: Task) -> list["CopyTask"]:
        """The copying, in pieces. They are named by numbers: slugs of a thousand labels would be too long a message."""
        base, step = task.model_dump(), max(self.together, 1)
        return [
            CopyTask(**base, first=first, count=min(step, self.shards - first)) for first in range(0, self.shards, step)
        ]


class CopyTask(Task):
    """Shards to copy out of other datasets: `first` to `first + count - 1` of all that the merge has, in the order of
    their labels and numbers."""

    first: int
    count: int


class VersionExportTask(Task):
    """One export of a frozen version to write."""

    version: int
    format: str


class SendTask(BaseModel):
    """One attempt to hand an event to a webhook. `message` names what happened, `body` is what is signed and sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    owner: str
    webhook: str
    message: str
    event: str
    body: str
    attempt: int = 1
    traceparent: Traceparent = None


class DeliverTask(SendTask):
    """Attempts until one is accepted, with pauses between them, in seconds."""

    pauses: tuple[float, ...]

    @property
    def instance(self) -> str:
        """The orchestration that delivers it: one for each event and webhook."""
        return f"deliver-{self.message}-{self.webhook}"


SendOutcome = Literal["delivered", "failed", "stopped"]
"""stopped: nothing more is sent there; the webhook is gone, or wants no more."""


class FailTask(Task):
    """A build that cannot go on, and why."""

    message: str


class TakedownTask(BaseModel):
    """A take-down, from the datasets after `after` on. `created` says which of several requests for the same it is;
    `learned` and `again` how far it is: pictures are known, everything has been looked at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    owner: str
    takedown: str
    created: datetime
    after: str = ""
    learned: bool = False
    again: bool = False
    running: bool = False  # of the datasets up to `after`, one is being built

    @property
    def instance(self) -> str:
        """The orchestration that does it."""
        return f"takedown-{self.takedown}-{self.created.timestamp():.3f}"


class SweepTask(TakedownTask):
    """A take-down in one dataset."""

    dataset: str


class SweepPage(BaseModel):
    """Datasets to look at; `after` is where to go on, None at the end. `pause` in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    datasets: tuple[str, ...]
    after: str | None
    learns: bool
    pause: float


class Swept(BaseModel):
    """What was met in a dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    running: bool  # it is being built: look again


class TakedownSay(TakedownTask):
    """What to say of a take-down."""

    state: Literal["removing", "waiting", "done"]


class ErasureTask(BaseModel):
    """The erasure of a tenant. `access`: keys are gone, what came meanwhile is left."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    owner: str
    erasure: str
    by: str
    created: datetime
    access: bool = False

    @property
    def instance(self) -> str:
        """The orchestration that does it."""
        return f"erasure-{self.erasure}"


class TenantExportTask(BaseModel):
    """An export of all that is kept of a tenant, from the datasets after `after` on."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    owner: str
    export: str
    after: str = ""

    @property
    def instance(self) -> str:
        """The orchestration that makes it."""
        return f"export-{self.export}"


class ExportPartTask(TenantExportTask):
    """The part of an export that tells of one dataset."""

    dataset: str
