import uuid

import pytest

from builder.rounds import SHARD_SIZE
from shared import datasets, shards
from shared.documents import DatasetDocument
from shared.estimate import least_cost
from shared.steps import assemble, dedupe, plan, search, validate
from shared.tasks import Task
from tests.shared.conftest import spec
from tests.shared.steps.conftest import raw, search_task

pytestmark = pytest.mark.usefixtures("stores")


def test_what_max_cost_does_not_allow_is_not_searched(owner: str) -> None:
    links = [f"http://a.example/{number}.jpg" for number in range(300)]
    labels = [{"name": "cat", "urls": links}]
    found = spec(labels=labels, sources=["urls"], images_per_label=200)
    document = DatasetDocument(
        id=uuid.uuid4().hex, owner=owner, name="pets", spec=found, max_cost=least_cost(found) * 1.01
    )
    datasets.create(document)
    task = Task(owner=owner, dataset=document.id)
    assert plan.plan(task) is not None
    first = search.search(search_task(task, need=200))
    assert (first.count, first.dry) == (1, True), "the list was read to its end; most of it is not fetched"
    second = search.search(search_task(task, 2, need=200))
    assert (second.count, second.dry) == (0, True)
    assert search.search(search_task(task, 2, need=200)) == second
    assert [one.over_cost for one in shards.searches(task.dataset)] == [True, True]
    raw(task, range(SHARD_SIZE))
    validate.validate_raw(task.dataset, "cat-00000")
    assert dedupe.deduplicate(task) == {}, "no label collects again"
    assemble.assemble(task)
    assert assemble.finish(task) == "incomplete"
    told = datasets.get(owner, task.dataset).error or ""
    assert "gave 96 candidates before the search ended" in told
    assert told.startswith(f"Collecting stopped at max_cost {document.max_cost:g} USD: cat. ")
