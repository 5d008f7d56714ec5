"""Curation from the request to the dataset brought up to date, step by step as the orchestration goes."""

import json

import pytest

from builder.rows import ImageRow
from shared import curation, datasets, shards
from shared.blobs import dataset_folder
from shared.curation import ImageAction, ImageFilter
from shared.documents import DatasetDocument
from shared.problems import ProblemError
from shared.progress import progress
from shared.steps import assemble, dedupe, export, plan, validate
from shared.tasks import ExportTask, Task
from tests.shared.steps.conftest import raw, searched, started

pytestmark = pytest.mark.usefixtures("stores")
KEYS = [f"cat-00000-{number:02}" for number in range(9)]


def work(task: Task) -> str | None:
    """What the orchestration does when nothing is to be searched."""
    planned = plan.plan(task)
    dedupe.deduplicate(task)
    assemble.assemble(task)
    for name in planned.exports if planned else ():
        export.export(ExportTask(**task.model_dump(), format=name))
    return assemble.finish(task)


def built(owner: str, *, target: int = 7, images: int = 9) -> Task:
    """A ready dataset: of nine distinct images `target` are in it."""
    task = started(owner, images_per_label=target, exports=["csv"])
    searched(task)
    raw(task, range(images))
    validate.validate_raw(task.dataset, "cat-00000")
    assert work(task) == "ready"
    return task


def act(task: Task, **order: object) -> curation.Outcome:
    document = datasets.get(task.owner, task.dataset)
    action = ImageAction.model_validate(order)
    outcome = curation.weigh(document, action, "jane")
    curation.apply(document, action, "jane", outcome)
    return outcome


def rows(task: Task) -> dict[str, ImageRow]:
    return {row.key: row for row in shards.rows(task.dataset)}


def verdicts(task: Task) -> list[str]:
    return [row.verdict for row in rows(task).values()]


def test_decisions_outlive_what_comes_after_and_everything_is_brought_up_to_date(owner: str) -> None:
    task = built(owner)
    folder = dataset_folder(task.dataset)
    before = rows(task)
    csv_before = folder.read("exports/csv/pets.zip")
    assert act(task, action="reject", keys=[KEYS[0]], note="no cat").changed == 1
    assert act(task, action="accept", keys=[KEYS[8]]).changed == 1
    assert act(task, action="relabel", keys=[KEYS[1]], label="CAT").changed == 1  # the same label, and decided
    assert datasets.get(owner, task.dataset).state == "building"
    assert plan.plan(task).labels == {}  # type: ignore[union-attr]  # nothing is searched
    assert work(task) == "ready"
    after = rows(task)
    assert verdicts(task) == ["rejected"] + ["accepted"] * 6 + ["surplus", "accepted"]
    assert (after[KEYS[0]].reason, after[KEYS[0]].split) == ("curated", None)
    assert after[KEYS[0]].curated.model_dump(exclude={"relabelled_from"}) == {  # type: ignore[union-attr]
        "decision": "rejected", "by": "jane", "note": "no cat",
    }  # fmt: skip
    assert all(after[key].split == before[key].split for key in KEYS[1:7])
    manifest = [json.loads(line) for line in folder.read("manifest.jsonl").splitlines()]
    assert [row["verdict"] for row in manifest] == verdicts(task)
    assert b"jane" not in folder.read("manifest.jsonl")
    assert b"no cat" not in folder.read("manifest.jsonl")
    assert folder.read("exports/csv/pets.zip") != csv_before
    again = shards.documents(task.dataset)
    datasets.change(owner, task.dataset, lambda one: one.reopened("recompute"))
    assert work(task) == "ready"
    assert shards.documents(task.dataset) == again


def test_a_new_label_is_made_and_counted(owner: str) -> None:
    task = built(owner)
    act(task, action="relabel", keys=KEYS[2:4], label="Lynx")
    assert work(task) == "ready"
    document = datasets.get(owner, task.dataset)
    assert [(one.name, one.images) for one in document.spec.labels] == [("cat", None), ("Lynx", 0)]
    assert [rows(task)[key].label for key in KEYS[1:4]] == ["cat", "Lynx", "Lynx"]
    labels = progress(document.spec, shards.summaries(task.dataset), shards.searches(task.dataset)).labels
    assert [(one.label, one.accepted) for one in labels] == [("cat", 7), ("Lynx", 2)]
    assert act(task, action="reset", keys=[KEYS[2]]).changed == 1
    assert work(task) == "ready"
    assert (rows(task)[KEYS[2]].label, rows(task)[KEYS[2]].curated) == ("cat", None)


def test_what_cannot_be_done_is_told_key_by_key(owner: str) -> None:
    task = built(owner, target=3, images=3)
    [shard] = shards.documents(task.dataset)
    lost = shard.images[2].model_copy(update={"shard": None, "verdict": "failed", "reason": "timeout"})
    shards.replace(shard.with_images((*shard.images[:2], lost)))
    act(task, action="accept", keys=[KEYS[0]])
    outcome = act(task, action="accept", keys=[KEYS[0], KEYS[1], KEYS[2], "cat-00000-63", "dog-00009-00"])
    assert (outcome.changed, outcome.unchanged) == (1, 1)
    assert outcome.not_found == ("cat-00000-63", "dog-00009-00")
    assert [one.key for one in outcome.not_possible] == [KEYS[2]]


def test_a_filter_rejects_only_what_is_in_the_dataset(owner: str) -> None:
    task = built(owner)
    outcome = act(task, action="reject", filter={"label": "Cat"})
    assert (outcome.changed, outcome.remaining) == (7, 0)
    assert verdicts(task).count("surplus") == 2
    assert ImageFilter(verdict="surplus").matches(rows(task)[KEYS[8]], "accept")


def test_what_is_curated_during_the_work_is_worked_in_before_the_end(owner: str) -> None:
    task = built(owner)
    act(task, action="reject", keys=[KEYS[0]])
    plan.plan(task)
    dedupe.deduplicate(task)
    act(task, action="reject", keys=[KEYS[1]])
    assemble.assemble(task)
    assert assemble.finish(task) == "building"
    assert work(task) == "ready"  # of nine distinct images seven are wanted
    assert verdicts(task)[:2] == ["rejected", "rejected"]


def test_who_decides_about_rows_does_not_overwrite_what_people_changed_meanwhile(
    owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = built(owner)
    act(task, action="reject", keys=[KEYS[0]])
    plan.plan(task)
    replace = shards.replace
    orders = [KEYS[1]]

    def disturbed(*documents: object) -> None:
        if orders:
            act(task, action="reject", keys=[orders.pop()])
        replace(*documents)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(shards, "replace", disturbed)
        dedupe.deduplicate(task)
    assert verdicts(task)[:2] == ["rejected", "rejected"]


@pytest.mark.parametrize("state", ["queued", "building"])
def test_images_are_not_curated_while_they_are_collected(owner: str, state: str) -> None:
    task = started(owner)

    def edit(document: DatasetDocument) -> DatasetDocument:
        return document.model_copy(update={"state": state})

    datasets.change(owner, task.dataset, edit)
    with pytest.raises(ProblemError) as refused:
        curation.check_state(datasets.get(owner, task.dataset))
    assert refused.value.status == 409
