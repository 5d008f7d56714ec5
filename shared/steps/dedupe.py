"""Step `deduplicate`: one image per picture over the whole dataset, and which labels have to collect more."""

from collections import Counter
from collections.abc import Callable, Iterable

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


class Conflicts(BaseModel):
    """`label_conflicts.json`; `revision` is that of the dataset whose rows were decided about."""

    revision: int = 0
    conflicts: tuple[LabelConflict, ...] = ()


def count_kept(task: SearchTask) -> int:
    """How many images of a label are left when the label alone is deduplicated, however many it wants.

    Shards of later rounds do not count: a build that is started again goes the whole way of the first once more, and
    so finds what was lost on it.
    """
    search = shards.find_search(task.dataset, search_id(task.label, task.round))
    end = search.end_shard if search else 0
    spec = read_plan(dataset_folder(task.dataset)).spec
    return distinct([shard for shard in shards.documents(task.dataset, task.label) if shard.number < end], spec)


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

    folder = dataset_folder(task.dataset)
    spec = read_plan(folder).spec
    revision = datasets.get(task.owner, task.dataset).revision  # before the rows: what comes later is decided later
    documents = shards.documents(task.dataset)
    rows = [row for shard in documents for row in shard.images]
    limits = {label.name: spec.target(label) or len(rows) for label in spec.labels}
    decided = decide(rows, spec.dedupe, limits, odd_size=spec.image.odd_size_factor, keep=True)
    kept = dict.fromkeys(limits, 0)
    for shard in documents:
        images = tuple(decided.apply(row) for row in shard.images)
        for row in images:
            kept[row.label] += row.verdict == "accepted"
        write_changed(shard, images)
        _count_duplicates(shard.images, images)
    told = Conflicts(revision=revision, conflicts=decided.conflicts)
    folder.write(CONFLICTS, told.model_dump_json().encode())
    dry = {label for label, last in {one.label: one for one in shards.searches(task.dataset)}.items() if last.dry}
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


def write_changed(shard: ShardDocument, images: tuple[ImageRow, ...]) -> None:
    """Store the shard with these rows, unless they are the ones it has. ConflictError when it changed since it was
    read."""
    if images != shard.images:
        shards.replace(shard.with_images(images))


def distinct(documents: Iterable[ShardDocument], spec: DatasetSpec) -> int:
    """How many images these shards of one label have when only they are deduplicated."""
    slugs = {label.name: label.slug for label in spec.labels}
    return _distinct([row for shard in documents for row in shard.images if slugs[row.label] == shard.label], spec)


def _distinct(rows: list[ImageRow], spec: DatasetSpec) -> int:
    from builder.dedupe import deduplicate as decide

    unlimited = {row.label: len(rows) for row in rows}
    decided = decide(rows, spec.dedupe, unlimited)
    return decided.decisions.verdicts()["accepted"]
