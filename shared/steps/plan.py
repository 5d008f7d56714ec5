"""Step `plan`: fix what will be built, in the dataset's folder, so that every later step and every restart agree."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from builder.keywords import expand
from builder.spec import DatasetSpec
from shared import datasets, shards
from shared.blobs import BlobFolder, dataset_folder
from shared.documents import ShardDocument
from shared.settings import settings
from shared.steps import lifecycle
from shared.tasks import Plan, Task

PLAN = "plan.json"


class PlanFile(BaseModel):
    """`plan.json`: the request, its owner, the most it may cost, and the queries of every label (by slug)."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    owner: str
    spec: DatasetSpec
    queries: dict[str, tuple[str, ...]]
    max_cost: float | None = None


@lifecycle.tidied
def plan(task: Task) -> Plan | None:
    """Write the plan unless it is there; None when the dataset is not to be built (any more)."""
    if not lifecycle.enter(task, "planning"):
        return None
    folder = dataset_folder(task.dataset)
    if not folder.exists(PLAN):
        document = datasets.get(task.owner, task.dataset)
        queries = {label.slug: expand(label) for label in document.spec.labels}
        planned = PlanFile(owner=task.owner, spec=document.spec, queries=queries, max_cost=document.max_cost)
        folder.write(PLAN, planned.model_dump_json().encode())
    spec = read_plan(folder).spec
    _forget_lost(task.dataset)
    config = settings()
    return Plan(
        labels={label.slug: spec.target(label) for label in spec.labels},
        exports=spec.exports,
        shard_wait_seconds=config.shard_wait_seconds,
        max_rounds=config.max_rounds,
    )


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
