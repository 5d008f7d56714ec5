"""Curation: what people decide about images, written into the rows, where it outlives every later build."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from builder.rows import Curation, ImageRow, Reason, Verdict
from builder.spec import MAX_LABELS, LabelSpec, Model, Text, slugify, stripped
from shared import datasets, shards
from shared.documents import FINAL, DatasetDocument, ShardDocument, State
from shared.problems import conflict, invalid_body, not_found
from shared.progress import View

MAX_KEYS = 1_000
MAX_FILTERED = 10_000
"""Images that one action by filter changes: what is left is told, and the action can be repeated."""

KEY = r"^[a-z0-9-]{1,64}-[0-9]{5}-[0-9]{2}$"
Action = Literal["relabel", "reject", "accept", "reset"]


class ImageFilter(Model):
    """Images by what they are now; at least one of these."""

    label: Text | None = None
    verdict: Verdict | None = Field(
        default=None, description="relabel and reject without it: only images that are in the dataset"
    )
    reason: Reason | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.label is None and self.verdict is None and self.reason is None:
            msg = "say label, verdict or reason: an empty filter would mean every image"
            raise ValueError(msg)
        return self

    def matches(self, row: ImageRow, action: Action) -> bool:
        """Whether the row is meant."""
        verdict = self.verdict
        if verdict is None and self.reason is None and action in ("relabel", "reject"):
            verdict = "accepted"
        return (
            (self.label is None or slugify(self.label) == slugify(row.label))
            and verdict in (None, row.verdict)
            and self.reason in (None, row.reason)
        )


class ImageAction(Model):
    """What to do with which images: by key, or all that a filter finds.

    relabel: it is in the dataset, under this label; reject: it stays out, and its copies with it; accept: it is in the
    dataset, beside any image that it is a copy of; reset: the rules decide again.
    """

    action: Action
    keys: tuple[Annotated[str, StringConstraints(pattern=KEY)], ...] | None = Field(
        default=None, min_length=1, max_length=MAX_KEYS
    )
    filter: ImageFilter | None = None
    label: Text | None = Field(default=None, description="for relabel; one that the dataset lacks is made")
    note: Annotated[str, StringConstraints(max_length=500), AfterValidator(stripped)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.keys is None) == (self.filter is None):
            msg = "say which images: either keys or filter"
            raise ValueError(msg)
        if (self.label is not None) != (self.action == "relabel"):
            msg = "label goes with relabel, and only with it"
            raise ValueError(msg)
        return self


class NotPossible(View):
    """An image that the action cannot be applied to, and why."""

    key: str
    detail: str


class Curated(View):
    """What an action did. `remaining`: images that the filter finds and that are still to be changed: repeat it."""

    action: Action
    changed: int
    unchanged: int
    not_found: tuple[str, ...]
    not_possible: tuple[NotPossible, ...]
    remaining: int
    state: State
    links: dict[str, str]


class Outcome(View):
    """What an action comes to, before anything is written."""

    changes: dict[str, tuple[str, ...]]  # by shard: keys
    unchanged: int = 0
    not_found: tuple[str, ...] = ()
    not_possible: tuple[NotPossible, ...] = ()
    remaining: int = 0

    @property
    def changed(self) -> int:
        """How many images."""
        return sum(map(len, self.changes.values()))


def may_be_curated(document: DatasetDocument) -> bool:
    """Whether rows may be changed by people now: the build has ended, or only works in what they changed before."""
    return document.state in FINAL or (document.state == "building" and document.work == "recompute")


def check_state(document: DatasetDocument) -> None:
    """`ProblemError` 409 while images are still being collected."""
    if not may_be_curated(document):
        raise conflict(f"The dataset is {document.state}: images can be curated once it has ended.")


def decided(row: ImageRow, order: ImageAction, label: str | None, by: str) -> ImageRow:
    """The row after the decision; the same object when it changes nothing. `label` is the dataset's name for it."""
    before = row.curated
    found_as = (before.relabelled_from if before else None) or row.label
    if order.action == "reset":
        if before is None:
            return row
        return _as_if_new(row, label=found_as, curated=None)
    if order.action == "reject":
        relabelled = before.relabelled_from if before else None
        curated = Curation(decision="rejected", relabelled_from=relabelled, by=by, note=order.note)
        told = row.model_copy(
            update={
                "verdict": "rejected",
                "reason": "curated",
                "detail": None,
                "measured": None,
                "duplicate_of": None,
                "split": None,
                "curated": curated,
            }
        )
    else:
        new = row.label if label is None else label
        relabelled = found_as if slugify(new) != slugify(found_as) else None
        curated = Curation(decision="accepted", relabelled_from=relabelled, by=by, note=order.note)
        told = _as_if_new(row, label=new, curated=curated)
    same = before is not None and _essence(before) == _essence(curated) and row.label == told.label
    return row if same else told


def _essence(curated: Curation) -> tuple[str, str | None]:
    return curated.decision, curated.relabelled_from


def _as_if_new(row: ImageRow, *, label: str, curated: Curation | None) -> ImageRow:
    """Accepted until deduplication says otherwise."""
    return row.model_copy(
        update={
            "label": label,
            "verdict": "accepted",
            "reason": None,
            "detail": None,
            "measured": None,
            "duplicate_of": None,
            "curated": curated,
        }
    )


def weigh(document: DatasetDocument, order: ImageAction, by: str) -> Outcome:
    """Look at the rows that are meant, and tell what the action would come to. Nothing is written."""
    label = label_name(document, order)
    changes: dict[str, list[str]] = {}
    unchanged, remaining = 0, 0
    impossible: list[NotPossible] = []
    found: set[str] = set()
    for shard, row in _meant(document.id, order):
        found.add(row.key)
        if row.shard is None or row.verdict == "failed":
            if order.keys is not None:
                impossible.append(NotPossible(key=row.key, detail=f"its bytes were not kept ({row.reason})"))
        elif decided(row, order, label, by) is row:
            unchanged += 1
        elif order.filter is not None and sum(map(len, changes.values())) >= MAX_FILTERED:
            remaining += 1
        else:
            changes.setdefault(shard, []).append(row.key)
    return Outcome(
        changes={shard: tuple(keys) for shard, keys in changes.items()},
        unchanged=unchanged,
        not_found=tuple(dict.fromkeys(key for key in order.keys or () if key not in found)),
        not_possible=tuple(impossible),
        remaining=remaining,
    )


def _meant(dataset: str, order: ImageAction) -> Iterator[tuple[str, ImageRow]]:
    if order.keys is None:
        for shard in shards.documents(dataset):
            yield from (
                (shard.id, row) for row in shard.images if order.filter and order.filter.matches(row, order.action)
            )
        return
    wanted = set(order.keys)
    for name in sorted({key.rpartition("-")[0] for key in wanted}):
        document = shards.find(dataset, name)
        yield from ((name, row) for row in (document.images if document else ()) if row.key in wanted)


def label_name(document: DatasetDocument, order: ImageAction) -> str | None:
    """The label to give, as the dataset spells it; `ProblemError` 422 when there is no room for another one."""
    if order.label is None:
        return None
    for label in document.spec.labels:
        if label.slug == slugify(order.label):
            return label.name
    if len(document.spec.labels) >= MAX_LABELS:
        raise invalid_body([(("label",), f"the dataset has {MAX_LABELS:,} labels, and cannot have more")])
    return order.label


def apply(
    document: DatasetDocument,
    order: ImageAction,
    by: str,
    outcome: Outcome,
    check: Callable[[DatasetDocument], None] = lambda _: None,
) -> tuple[DatasetDocument, bool]:
    """Write an action into the rows. Returns the dataset, which says from here on that it is being built (`work` is
    `recompute`), and whether that has to be started: it may be under way. `ProblemError` 404 and 409, and what `check`
    raises for the dataset as it is when it is changed.

    The dataset says so before the first row changes, and counts a revision after the last: whoever decides about the
    rows meanwhile finds at the end that there is another revision, and decides again.
    """
    label = label_name(document, order)
    ended = False

    def opened(now: DatasetDocument) -> DatasetDocument:
        nonlocal ended
        check(now)
        ended = now.state in FINAL
        return _opened(now, label)

    _change(document, opened)

    def edit(shard: ShardDocument) -> ShardDocument | None:
        keys = set(outcome.changes[shard.id])
        rows = tuple(decided(row, order, label, by) if row.key in keys and row.shard else row for row in shard.images)
        return None if rows == shard.images else shard.with_images(rows)

    for shard in outcome.changes:
        shards.change(document.id, shard, edit)
    return _change(document, lambda now: now.model_copy(update={"revision": now.revision + 1})), ended


def _opened(now: DatasetDocument, label: str | None) -> DatasetDocument:
    check_state(now)
    update: dict[str, object] = {"revision": now.revision + 1}
    if label is not None and slugify(label) not in {one.slug for one in now.spec.labels}:
        if now.state not in FINAL:
            raise conflict(
                "A new label can be made once the changes before have been worked in: try again in a moment."
            )
        labels = (*now.spec.labels, LabelSpec(name=label, images=0))
        update["spec"] = now.spec.model_copy(update={"labels": labels})
    opened = now.reopened("recompute") if now.state in FINAL else now
    return opened.model_copy(update=update)


def _change(document: DatasetDocument, edit: "datasets.Edit") -> DatasetDocument:
    def checked(now: DatasetDocument) -> DatasetDocument | None:
        if now.state == "deleting":
            raise not_found("dataset")
        return edit(now)

    changed = datasets.change(document.owner, document.id, checked)
    if changed is None:
        raise not_found("dataset")
    return changed
