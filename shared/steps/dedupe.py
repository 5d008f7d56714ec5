"""Step `deduplicate`: one image per picture over the whole dataset, and which labels have to collect more."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel

from builder.rows import ImageRow, LabelConflict
from builder.spec import DatasetSpec
from shared import datasets, shards
from shared.blobs import dataset_folder
from shared.documents import ShardDocument, search_id
from shared.steps import lifecycle
from shared.steps.plan import read_plan
from shared.tasks import SearchTask, Task
from shared.telemetry import metrics

CONFLICTS = "label_conflicts.json"
MAX_CONFLICTS = 5
FEW_SHARDS = 300
"""Of a label, up to which its rows are read after each round: two rounds of `PIXCRAWLER_MAX_SHARDS_PER_ROUND`."""


class Conflicts(BaseModel):
    """`label_conflicts.json`; `revision` is that of the dataset whose rows were decided about."""

    revision: int = 0
    conflicts: tuple[LabelConflict, ...] = ()


@lifecycle.tidied
def count_kept(task: SearchTask) -> int:
    """How many images of a label are left when the label alone is deduplicated, however many it wants.

    A label of many shards is estimated from the round before, until there may be enough: reading all its rows after
    each round would cost more for each image the larger it is. Shards of later rounds do not count: a build that is
    started again goes the whole way of the first once more, and so finds what was lost on it.
    """
    search = shards.find_search(task.dataset, search_id(task.label, task.round))
    if search is None:
        return 0
    plan = read_plan(dataset_folder(task.dataset))
    found = [shard for shard in shards.summaries(task.dataset, task.label) if shard.number < search.end_shard]
    tried = sum(shard.counts.candidates for shard in found)
    again = task.round in plan.starts(task.label)  # people may have changed rows since
    kept = None if again or len(found) <= FEW_SHARDS else _estimated(task, found)
    if kept is None or kept >= task.need:
        whole = [shard for shard in shards.documents(task.dataset, task.label) if shard.number < search.end_shard]
        kept = distinct(whole, plan.spec)
    if (search.kept, search.tried) != (kept, tried):  # the next round asks, and need not read them all again
        shards.put(search.model_copy(update={"kept": kept, "tried": tried}))
    return kept


def _estimated(task: SearchTask, found: Sequence[ShardDocument]) -> int | None:
    """By the share of good images that were no copies up to the round before; None when nobody counted them."""
    before = shards.find_search(task.dataset, search_id(task.label, task.round - 1))
    if before is None or before.kept is None:
        return None
    good = _good(shard for shard in found if shard.number < before.end_shard)
    return _good(found) * before.kept // good if good else None


def _good(found: Iterable[ShardDocument]) -> int:
    return sum(shard.by_label()[shard.label].validated for shard in found)


@lifecycle.tidied
def deduplicate(task: Task) -> dict[str, int]:
    """Decide about every validated image, write the decisions into the shard documents.

    Returns the labels that are short and whose sources are not dry -> how many distinct images they need by
    themselves to make up for what other labels took.
    """
    if not lifecycle.enter(task, "deduplicating"):
        return {}
    return undisturbed(lambda: _deduplicate(task))


def undisturbed[R](work: Callable[[], R]) -> R:
    """Do it, and all of it anew when somebody curates meanwhile: ConflictError after the fifth time."""
    for _ in range(MAX_CONFLICTS - 1):
        try:
            return work()
        except shards.ConflictError:
            continue
    return work()


def _deduplicate(task: Task) -> dict[str, int]:
    from builder.dedupe import deduplicate as decide
    from builder.splits import assign_splits

    folder = dataset_folder(task.dataset)
    spec = read_plan(folder).spec
    revision = datasets.get(task.owner, task.dataset).revision  # before the rows: what comes later is decided later
    documents = shards.documents(task.dataset)
    rows = [row for shard in documents for row in shard.images]
    limits = {label.name: spec.target(label) or len(rows) for label in spec.labels}
    decided = decide(rows, spec.dedupe, limits, odd_size=spec.image.odd_size_factor, keep=True)
    after = [tuple(decided.apply(row) for row in shard.images) for shard in documents]
    needs = _needs(task.dataset, spec, rows, Counter(row.label for images in after for row in images if _is_in(row)))
    if not needs:  # nothing more is collected: `assemble` would write every shard once more for its splits alone
        splits = assign_splits((row for images in after for row in images), spec.splits, keep=True)
        after = [tuple(row.model_copy(update={"split": splits.get(row.key)}) for row in images) for images in after]
    write_changed(documents, after)
    for shard, images in zip(documents, after, strict=True):
        _count_duplicates(shard.images, images)
    told = Conflicts(revision=revision, conflicts=decided.conflicts)
    folder.write(CONFLICTS, told.model_dump_json().encode())
    return needs


def _is_in(row: ImageRow) -> bool:
    return row.verdict == "accepted"


def _needs(dataset: str, spec: DatasetSpec, rows: list[ImageRow], kept: Counter[str]) -> dict[str, int]:
    dry = {label for label, last in {one.label: one for one in shards.searches(dataset)}.items() if last.dry}
    return {
        label.slug: _distinct([row for row in rows if row.label == label.name], spec)
        + spec.target(label)
        - kept[label.name]
        for label in spec.labels
        if kept[label.name] < spec.target(label) and label.slug not in dry
    }


def _count_duplicates(before: tuple[ImageRow, ...], after: tuple[ImageRow, ...]) -> None:
    """Those that were none before: the whole dataset is decided about again after every pass."""
    new = [now for was, now in zip(before, after, strict=True) if now.verdict == "duplicate" != was.verdict]
    for reason, number in Counter(str(row.reason) for row in new).items():
        metrics.DUPLICATES.record(number, {"reason": reason})


def write_changed(documents: Iterable[ShardDocument], rows: Iterable[tuple[ImageRow, ...]]) -> None:
    """Store each shard with these rows, unless they are the ones it has. ConflictError when one changed since it was
    read."""
    pairs = zip(documents, rows, strict=True)
    shards.replace(*(shard.with_images(images) for shard, images in pairs if images != shard.images))


def distinct(documents: Iterable[ShardDocument], spec: DatasetSpec) -> int:
    """How many images these shards of one label have when only they are deduplicated."""
    slugs = {label.name: label.slug for label in spec.labels}
    return _distinct([row for shard in documents for row in shard.images if slugs[row.label] == shard.label], spec)


def _distinct(rows: list[ImageRow], spec: DatasetSpec) -> int:
    from builder.dedupe import deduplicate as decide

    unlimited = {row.label: len(rows) for row in rows}
    decided = decide(rows, spec.dedupe, unlimited)
    return decided.decisions.verdicts()["accepted"]
