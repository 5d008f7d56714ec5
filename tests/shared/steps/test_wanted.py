import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.spec import MAX_LABELS, slugify
from shared.blobs import dataset_folder
from shared.steps import wanted
from shared.tasks import LABELS_A_PAGE, PageTask, Plan, Task
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")

MAX_PAYLOAD = 16_000


def planned(needs: dict[str, int], **changes: object) -> Plan:
    return Plan.model_validate(
        {"labels": needs, "exports": ("csv",), "shard_wait_seconds": 60, "max_rounds": 30, **changes}
    )


def page_of(task: Task, number: int) -> PageTask:
    return PageTask(**task.model_dump(), page=number)


def test_every_label_is_on_one_page_and_each_page_is_small(owner: str) -> None:
    task = store(owner)
    needs = {slugify(f"{number:04}" + "x" * 60): 100_000 for number in range(MAX_LABELS)}
    outline = wanted.begin(task, planned(needs, rounds=dict.fromkeys(needs, 31)))
    assert outline.pages == tuple(range(10))
    pages = [wanted.page(page_of(task, number)) for number in outline.pages]
    assert {label: need for page in pages for label, need in page.needs.items()} == needs
    assert all(set(page.rounds) == set(page.needs) for page in pages)
    assert max(len(page.model_dump_json()) for page in pages) < MAX_PAYLOAD


def test_what_is_short_stays_on_its_page(owner: str) -> None:
    task = store(owner)
    needs = {f"l{number:03}": 10 for number in range(LABELS_A_PAGE + 20)}
    wanted.begin(task, planned(needs, rounds={"l110": 4, "l111": 1}))
    assert wanted.more(task, {"l110": 12, "new": 7}) == (1,)
    page = wanted.page(page_of(task, 1))
    assert (page.needs, page.rounds) == ({"l110": 12, "new": 7}, {"l110": 4})
    assert wanted.page(page_of(task, 0)).needs == {}
    assert wanted.more(task, {}) == ()


def test_without_labels_nothing_is_written(owner: str) -> None:
    task = store(owner)
    outline = wanted.begin(task, planned({}, merge=True))
    assert (outline.pages, outline.merge, outline.exports) == ((), True, ("csv",))
    assert not dataset_folder(task.dataset).exists(wanted.WANTED)
    assert wanted.page(page_of(task, 0)).needs == {}


@given(st.sets(st.integers(0, 999)), st.sets(st.integers(0, 999)))
@settings(max_examples=50)
def test_pages_are_those_of_the_labels_wanted(first: set[int], later: set[int]) -> None:
    order = tuple(f"{number:03}" for number in sorted(first | later))
    file = wanted.WantedFile(order=order, needs={f"{number:03}": 1 for number in later})
    assert json.loads(json.dumps(file.pages())) == sorted(
        {place // LABELS_A_PAGE for place, label in enumerate(order) if int(label) in later}
    )
