"""What happens to a dataset, as events: told from what is stored, and from how far a listener is.

A `Position` says what a listener has been told, and is the id of the event that told it last. The events after a
position follow from the dataset's documents alone. A listener who comes back after an hour, to another instance of the
app, misses no shard and hears of none twice.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, Self, get_args

from builder.spec import DatasetSpec
from shared.documents import FINAL, Counts, DatasetDocument, SearchDocument, ShardDocument, Stage, State
from shared.progress import LabelProgress, View, progress

Kind = Literal["state", "progress", "shard", "label", "warning"]
_STATES, _STAGES = get_args(State), get_args(Stage)
_NONE = "-"


class PositionError(ValueError):
    """The text is no position, or one of another dataset."""


class StateEvent(View):
    """`state`: the dataset came to another state or stage. The last event of a stream has a final state."""

    state: State
    stage: Stage | None
    error: str | None
    final: bool


class ProgressEvent(View):
    """`progress`: how far all labels are; only the newest counts."""

    labels: tuple[LabelProgress, ...]


class ShardEvent(View):
    """`shard`: a shard of a label was validated. Shards of a label come in order of their numbers."""

    label: str
    number: int
    counts: Counts


class LabelEvent(View):
    """`label`: a label has its images, or its sources have no more."""

    label: str
    reached: bool
    accepted: int
    target: int


class WarningEvent(View):
    """`warning`: sources failed in a round of searching, or a shard was given up."""

    label: str
    sources: tuple[str, ...] = ()
    shard: int | None = None
    message: str


type Told = StateEvent | ProgressEvent | ShardEvent | LabelEvent | WarningEvent


@dataclass(frozen=True, slots=True)
class LabelPosition:
    """What was told of one label: shards and rounds of searching, from the first on, and whether that it is done."""

    shards: int = 0
    rounds: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """What a listener has been told; the empty one: nothing yet."""

    state: State | None = None
    stage: Stage | None = None
    progress: str = ""  # digest of the counts
    labels: tuple[LabelPosition, ...] = ()

    @classmethod
    def parse(cls, text: str, spec: DatasetSpec) -> Self:
        """The position that `str` wrote. Raises PositionError when it is none of this dataset's."""
        try:
            state, stage, digest, labels = text.split(".")
            found = tuple(_label_position(one) for one in labels.split("_")) if labels else ()
            parsed = cls(
                None if state == _NONE else _STATES[_small(state)],
                None if stage == _NONE else _STAGES[_small(stage)],
                digest,
                found,
            )
        except (ValueError, IndexError):
            parsed = None
        if parsed is None or len(parsed.labels) != len(spec.labels):
            msg = "no event of this dataset has that id"
            raise PositionError(msg)
        return parsed

    def __str__(self) -> str:
        """The id of the event that was told last: short, and fit for a header."""
        state = _NONE if self.state is None else str(_STATES.index(self.state))
        stage = _NONE if self.stage is None else str(_STAGES.index(self.stage))
        labels = "_".join(f"{one.shards}-{one.rounds}-{int(one.done)}" for one in self.labels)
        return f"{state}.{stage}.{self.progress}.{labels}"


def _small(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):  # noqa: PLR2004 (int() takes signs and blanks too)
        raise PositionError(text)
    return int(text)


def _label_position(text: str) -> LabelPosition:
    shards, rounds, done = map(_small, text.split("-"))
    return LabelPosition(shards, rounds, bool(done))


@dataclass(frozen=True)
class Snapshot:
    """A dataset as it is stored at one moment; `document` is None when it is gone."""

    document: DatasetDocument | None
    shards: tuple[ShardDocument, ...] = ()
    searches: tuple[SearchDocument, ...] = ()
    by_shard: dict[tuple[str, int], ShardDocument] = field(init=False, repr=False, compare=False)
    by_round: dict[tuple[str, int], SearchDocument] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_shard", {(one.label, one.number): one for one in self.shards})
        object.__setattr__(self, "by_round", {(one.label, one.round): one for one in self.searches})

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.document is None or self.document.state in FINAL or self.document.state == "deleting"


def events(snapshot: Snapshot, position: Position) -> Iterator[tuple[Kind, Told, Position]]:
    """What a listener at `position` has not heard yet: kind, event, and the position after it.

    A change of state comes first, unless it is the end: that is the last of all.
    """
    document = snapshot.document
    if document is None:
        return
    if not position.labels:
        position = replace(position, labels=(LabelPosition(),) * len(document.spec.labels))
    if document.state == "deleting":  # its parts go one by one: what is left of them is no news
        yield "state", _state(document), replace(position, state=document.state, stage=document.stage)
        return
    changed = (position.state, position.stage) != (document.state, document.stage)
    if changed and not snapshot.over:
        position = replace(position, state=document.state, stage=document.stage)
        yield "state", _state(document), position
    figures = progress(document.spec, snapshot.shards, snapshot.searches).labels
    for index, label in enumerate(document.spec.labels):
        for kind, event, after in _of_label(snapshot, label.slug, figures[index], position.labels[index]):
            position = replace(position, labels=(*position.labels[:index], after, *position.labels[index + 1 :]))
            yield kind, event, position
    told = ProgressEvent(labels=figures)
    digest = hashlib.sha256(told.model_dump_json().encode()).hexdigest()[:12]
    if digest != position.progress:
        position = replace(position, progress=digest)
        yield "progress", told, position
    if changed and snapshot.over:
        yield "state", _state(document), replace(position, state=document.state, stage=document.stage)


def _state(document: DatasetDocument) -> StateEvent:
    final = document.state in FINAL or document.state == "deleting"
    return StateEvent(state=document.state, stage=document.stage, error=document.error, final=final)


def _of_label(
    snapshot: Snapshot, slug: str, figures: LabelProgress, position: LabelPosition
) -> Iterator[tuple[Kind, Told, LabelPosition]]:
    """One event per step of the position: a step that was told in part could be told neither again nor not at all."""
    while (search := snapshot.by_round.get((slug, position.rounds + 1))) is not None:
        failed = _failures(search) - _failures(snapshot.by_round.get((slug, position.rounds)))
        position = replace(position, rounds=position.rounds + 1)
        if failed:
            sources, messages = zip(*sorted(failed), strict=True)
            yield "warning", WarningEvent(label=figures.label, sources=sources, message=" ".join(messages)), position
    for shard in _next_shards(snapshot, slug, position.shards):
        position = replace(position, shards=shard.number + 1)
        if shard.state == "failed":
            message = shard.error or "the shard was given up"
            yield "warning", WarningEvent(label=figures.label, shard=shard.number, message=message), position
        else:
            yield "shard", ShardEvent(label=figures.label, number=shard.number, counts=shard.counts), position
    reached = figures.accepted >= figures.target
    if (reached or _exhausted(snapshot, slug, position)) and not position.done:
        told = LabelEvent(label=figures.label, reached=reached, accepted=figures.accepted, target=figures.target)
        yield "label", told, replace(position, done=True)


def _exhausted(snapshot: Snapshot, slug: str, position: LabelPosition) -> bool:
    """Whether a label's sources have no more, and all that they gave has been told of."""
    last = snapshot.by_round.get((slug, position.rounds))
    return last is not None and last.dry and (snapshot.over or position.shards >= last.end_shard)


def _next_shards(snapshot: Snapshot, slug: str, number: int) -> Iterator[ShardDocument]:
    """Shards from that number on, up to one that is still to come. When all is over nothing is: a build that was
    stopped has shards that were fetched and those that never were, in any order."""
    if snapshot.over:
        rest = sorted(which for label, which in snapshot.by_shard if label == slug and which >= number)
        yield from (snapshot.by_shard[slug, which] for which in rest)
        return
    while (shard := snapshot.by_shard.get((slug, number))) is not None:
        number += 1
        yield shard


def _failures(search: SearchDocument | None) -> set[tuple[str, str]]:
    """Sources that failed, each with a sentence; a failure stands in every round's document from then on."""
    sources = search.sources if search else ()
    return {(one.source, one.error or one.error_kind) for one in sources if one.error_kind}
