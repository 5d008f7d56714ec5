"""Step `plan`: fix what will be built, in the dataset's folder, so that every later step and every restart agree."""

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from builder.keywords import expand
from builder.spec import DatasetSpec
from shared import datasets, shards
from shared.blobs import BlobFolder, dataset_folder
from shared.documents import DatasetDocument, ShardDocument
from shared.settings import settings
from shared.steps import lifecycle
from shared.tasks import Plan, Task

PLAN = "plan.json"


class PlanFile(BaseModel):
    """`plan.json`: the request, its owner, the most it may cost, and the queries of every label (by slug).

    `refreshes`: for every time that the dataset was searched again, the first round of it by label.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    owner: str
    spec: DatasetSpec
    queries: dict[str, tuple[str, ...]]
    max_cost: float | None = None
    refreshes: tuple[dict[str, int], ...] = ()

    def starts(self, label: str) -> set[int]:
        """The rounds in which the label is searched from the first page on, the very first aside."""
        return {one[label] for one in self.refreshes if label in one}


@lifecycle.tidied
def plan(task: Task) -> Plan | None:
    """Write the plan unless it is there, or bring it up to date; None when the dataset is not to be built (any more).

    What is in it stays: labels that people added and further searches are put beside it.
    """
    if not lifecycle.enter(task, "planning"):
        return None
    folder = dataset_folder(task.dataset)
    document = datasets.get(task.owner, task.dataset)
    before = read_plan(folder) if folder.exists(PLAN) else None
    planned = _planned(document, before)
    if planned != before:
        folder.write(PLAN, planned.model_dump_json().encode())
    _forget_lost(task.dataset)
    config = settings()
    return Plan(
        labels=_wanted(document, planned.spec),
        exports=planned.spec.exports,
        shard_wait_seconds=config.shard_wait_seconds,
        max_rounds=config.max_rounds,
        rounds=planned.refreshes[-1] if document.work == "refresh" else {},
        merge=document.work == "merge",
    )


def _planned(document: DatasetDocument, before: PlanFile | None) -> PlanFile:
    queries = {label.slug: expand(label) for label in document.spec.labels}
    if before is None:
        return PlanFile(owner=document.owner, spec=document.spec, queries=queries, max_cost=document.max_cost)
    if document.work == "build":
        return before
    refreshes = before.refreshes
    if len(refreshes) < document.refreshes:
        done = dict.fromkeys(queries, 0)
        for search in shards.searches(document.id):
            done[search.label] = max(done[search.label], search.round)
        refreshes += ({label: rounds + 1 for label, rounds in done.items()},)
    return PlanFile(
        owner=before.owner,
        spec=document.spec,
        queries={**queries, **before.queries},
        max_cost=document.max_cost,
        refreshes=refreshes,
    )


def _wanted(document: DatasetDocument, spec: DatasetSpec) -> dict[str, int]:
    """The labels to search for -> how many images each is to have."""
    if document.work in ("recompute", "merge"):
        return {}
    targets = {label.slug: spec.target(label) for label in spec.labels if spec.target(label)}
    if document.work == "build":
        return targets
    return {slug: target for slug, target in targets.items() if slug in short_labels(document.id, spec)}


def short_labels(dataset: str, spec: DatasetSpec) -> set[str]:
    """The labels, by slug, that have fewer images than they are to have."""
    accepted = Counter[str]()
    for shard in shards.summaries(dataset):
        accepted.update({slug: counts.accepted for slug, counts in shard.by_label().items()})
    return {label.slug for label in spec.labels if accepted[label.slug] < spec.target(label)}


def lost_shards(dataset: str, documents: Sequence[ShardDocument]) -> list[ShardDocument]:
    """Those of the dataset's shards whose tar should be in its folder and is not."""
    with_images = [shard for shard in documents if shard.counts.validated]
    if not with_images:
        return []
    from builder.validate_shard import shard_name

    tars = set(dataset_folder(dataset).names("shards/"))
    return [shard for shard in with_images if shard_name(shard.label, shard.number) not in tars]


def _forget_lost(dataset: str) -> None:
    """Remove documents of shards whose tar is gone, so that they are fetched again when their round comes.

    A build that is started again may find that storage lost what the database kept: Azurite forgets the last seconds
    when it is killed. Exports that hold those images are made anew: the web may not give the same ones again.
    """
    lost = lost_shards(dataset, shards.summaries(dataset))
    for shard in lost:
        shards.remove(dataset, shard.id)
    folder = dataset_folder(dataset)
    for name in list(folder.names("exports/")) if lost else ():
        folder.delete(name)


def read_plan(folder: BlobFolder) -> PlanFile:
    """The plan of a dataset; FileNotFoundError if it has none (it was deleted)."""
    return PlanFile.model_validate_json(folder.read(PLAN))
