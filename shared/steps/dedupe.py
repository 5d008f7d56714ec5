"""Step `deduplicate`: one image per picture over the whole dataset, and which labels have to collect more."""

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel

from builder.rows import ImageRow, LabelConflict
from builder.spec import DatasetSpec
from shared import shards
from shared.blobs import dataset_folder
from shared.documents import ShardDocument, search_id
from shared.steps import lifecycle
from shared.steps.plan import read_plan
from shared.tasks import SearchTask, Task
from shared.telemetry import metrics

CONFLICTS = "label_conflicts.json"


class Conflicts(BaseModel):
    """`label_conflicts.json`."""

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
    from builder.dedupe import deduplicate as decide

    folder = dataset_folder(task.dataset)
    spec = read_plan(folder).spec
    documents = shards.documents(task.dataset)
    rows = [row for shard in documents for row in shard.images]
    targets = {label.name: spec.target(label) for label in spec.labels}
    decided = decide(rows, spec.dedupe, targets, odd_size=spec.image.odd_size_factor)
    kept = dict.fromkeys(targets, 0)
    for shard in documents:
        images = tuple(decided.apply(row) for row in shard.images)
        for row in images:
            kept[row.label] += row.verdict == "accepted"
        write_changed(shard, images)
        _count_duplicates(shard.images, images)
    folder.write(CONFLICTS, Conflicts(conflicts=decided.conflicts).model_dump_json().encode())
    dry = {search.label for search in shards.searches(task.dataset) if search.dry}
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
    """Store the shard with these rows, unless they are the ones it has."""
    if images != shard.images:
        shards.put(shard.with_images(images))


def distinct(documents: Iterable[ShardDocument], spec: DatasetSpec) -> int:
    """How many images these shards of one label have when only they are deduplicated."""
    return _distinct([row for shard in documents for row in shard.images], spec)


def _distinct(rows: list[ImageRow], spec: DatasetSpec) -> int:
    from builder.dedupe import deduplicate as decide

    unlimited = {row.label: len(rows) for row in rows}
    decided = decide(rows, spec.dedupe, unlimited)
    return decided.decisions.verdicts()["accepted"]
