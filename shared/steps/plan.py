"""Step `plan`: fix what will be built, in the dataset's folder, so that every later step and every restart agree."""

from pydantic import BaseModel, ConfigDict

from builder.keywords import expand
from builder.spec import DatasetSpec
from shared import datasets
from shared.blobs import BlobFolder, dataset_folder
from shared.settings import settings
from shared.steps import lifecycle
from shared.tasks import Plan, Task

PLAN = "plan.json"


class PlanFile(BaseModel):
    """`plan.json`: the request, its owner, and the queries of every label (by slug)."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    owner: str
    spec: DatasetSpec
    queries: dict[str, tuple[str, ...]]


def plan(task: Task) -> Plan | None:
    """Write the plan unless it is there; None when the dataset is not to be built (any more)."""
    if not lifecycle.enter(task, "planning"):
        return None
    folder = dataset_folder(task.dataset)
    if not folder.exists(PLAN):
        spec = datasets.get(task.owner, task.dataset).spec
        queries = {label.slug: expand(label) for label in spec.labels}
        folder.write(PLAN, PlanFile(owner=task.owner, spec=spec, queries=queries).model_dump_json().encode())
    spec = read_plan(folder).spec
    config = settings()
    return Plan(
        labels={label.slug: spec.target(label) for label in spec.labels},
        exports=spec.exports,
        shard_wait_seconds=config.shard_wait_seconds,
        max_rounds=config.max_rounds,
    )


def read_plan(folder: BlobFolder) -> PlanFile:
    """The plan of a dataset; FileNotFoundError if it has none (it was deleted)."""
    return PlanFile.model_validate_json(folder.read(PLAN))
